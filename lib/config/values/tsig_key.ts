/** A key file for dynamic updates: BIND's `key` statement, or `name`, `algorithm` and `secret` in TOML. TS-5 */
import { Buffer } from "node:buffer";
import { Redacted } from "effect";
import { TSIG_ALGORITHMS, type TsigAlgorithm, type TsigKey } from "../../dns/update/tsig.ts";
import { plainFault } from "./fault.ts";
import { parseToml } from "./toml.ts";

export type KeyResult = { readonly key: TsigKey } | { readonly fault: string };

const statement = (text: string): Readonly<Record<string, unknown>> | null => {
  const plain = text.replaceAll(/\/\*[\s\S]*?\*\/|(?:\/\/|#)[^\n]*/g, "");
  const [, name, body = ""] = /\bkey\s+"?([^\s"{]+)"?\s*\{([^}]*)\}/.exec(plain) ?? [];
  if (name === undefined) return null;
  const value = (word: string): string | undefined =>
    new RegExp(`\\b${word}\\s+"?([^\\s";]+)"?\\s*;`).exec(body)?.[1];
  return { name, algorithm: value("algorithm"), secret: value("secret") };
};

const isAlgorithm = (s: string): s is TsigAlgorithm => TSIG_ALGORITHMS.some((a) => a === s);

/** Never quotes the text, which holds the secret. */
export const parseTsigKey = (text: string): KeyResult => {
  let fields = statement(text);
  if (fields === null) {
    const toml = parseToml(text);
    fields = toml._tag === "Document" ? toml.value : {};
  }
  const { name, algorithm = "hmac-sha256", secret } = fields;
  if (typeof name !== "string" || typeof secret !== "string") {
    return { fault: "needs name and secret, or a key statement of BIND" };
  }
  const known = String(algorithm).toLowerCase().replace(/\.$/, "");
  if (!isAlgorithm(known)) {
    return { fault: `algorithm ${known}: must be one of ${TSIG_ALGORITHMS.join(", ")}` };
  }
  if (!/^[A-Za-z0-9+/]{8,}={0,2}$/.test(secret)) return { fault: "secret must be base64" };
  return {
    key: {
      name: name.toLowerCase().replace(/\.$/, ""),
      algorithm: known,
      secret: Redacted.make(Uint8Array.from(Buffer.from(secret, "base64"))),
    },
  };
};

/** Refuses a file that others can read. */
export const loadTsigKey = async (path: string): Promise<KeyResult> => {
  try {
    const { mode } = await Deno.stat(path);
    if (mode !== null && (mode & 0o077) !== 0) {
      return { fault: "others can read it; run chmod 600 on it" };
    }
    return parseTsigKey(await Deno.readTextFile(path));
  } catch (e) {
    return { fault: plainFault(e) };
  }
};
