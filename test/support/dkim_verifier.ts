/** Verifiers of DKIM that we did not write: dkimpy and OpenDKIM. Both get the keys from us, not from DNS. */
import { join } from "node:path";
import { type DkimRecord, recordName, recordStrings } from "../../lib/message/dkim/dkim_record.ts";
import { installed } from "./postern.ts";

export interface Published {
  readonly selector: string;
  readonly domain: string;
  readonly record: DkimRecord;
}

const PYTHON = "/usr/bin/python3";

const SCRIPT = `
import dkim, json, sys
given = json.load(sys.stdin)
message = given["message"].encode("latin-1")
records = {k + ".": v.encode() for k, v in given["records"].items()}
def txt(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    return records.get(name if name.endswith(".") else name + ".")
d = dkim.DKIM(message)
out = []
for i in range(given["signatures"]):
    try:
        out.append(bool(d.verify(idx=i, dnsfunc=txt)))
    except Exception as e:
        out.append(repr(e))
print(json.dumps(out))
`;

const run = async (
  program: string,
  args: ReadonlyArray<string>,
  input: string,
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> => {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
};

/** Whether dkimpy can be asked, Ed25519 included. */
export const dkimpy = async (): Promise<boolean> => {
  const there = await run(PYTHON, ["-c", "import dkim, nacl"], "").then(
    (r) => r.code === 0,
    () => false,
  );
  if (there) return true;
  if (Deno.env.get("POSTERN_REQUIRE_PEERS") === "1") throw new Error("python3-dkim is missing");
  // deno-lint-ignore no-console -- a skip is said out loud
  console.warn("skipped: python3-dkim is not installed");
  return false;
};

/** What dkimpy says of each signature, from the top; `message` one char per octet. */
export const verifyWithDkimpy = async (
  message: string,
  keys: ReadonlyArray<Published>,
): Promise<ReadonlyArray<unknown>> => {
  const { out, err } = await run(
    PYTHON,
    ["-c", SCRIPT],
    JSON.stringify({
      message,
      signatures: (message.split("\r\n\r\n", 1)[0] ?? "").split(/^DKIM-Signature:/m).length - 1,
      records: Object.fromEntries(
        keys.map((k) => [recordName(k.selector, k.domain), recordStrings(k.record).join("")]),
      ),
    }),
  );
  if (out === "") throw new Error(err);
  const said: unknown = JSON.parse(out);
  return Array.isArray(said) ? said : [];
};

export const opendkim = (): boolean => installed("opendkim");

/** What OpenDKIM says of the first signature that it can check; it knows RSA only. */
export const verifyWithOpendkim = async (
  message: string,
  keys: ReadonlyArray<Published>,
): Promise<string> => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      join(dir, "dns"),
      keys.map((k) => `${recordName(k.selector, k.domain)} ${recordStrings(k.record).join("")}\n`)
        .join(""),
    );
    await Deno.writeTextFile(
      join(dir, "conf"),
      `Mode v\nTestDNSData file:${join(dir, "dns")}\nSyslog no\n`,
    );
    const file = join(dir, "m.eml");
    await Deno.writeFile(file, Uint8Array.from(message, (c) => c.charCodeAt(0)));
    const { out, err } = await run("opendkim", ["-x", join(dir, "conf"), "-vv", "-t", file], "");
    return `${out}${err}`;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
};
