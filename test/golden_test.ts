/**
 * Messages as they come and as they leave: `golden/<stage>/NN-name/`, and in `golden/programs/` those of mail
 * programs, in the shapes that they write.
 *
 * `in.eml` is what the client sends, `facts.json` what surrounds it; `out.eml` is what would be relayed, or `reply`
 * the refusal; `trail` what the stage decided. Lines end in LF in the files. After a change that is meant,
 * rewrite them and read the diff:
 *
 *     deno test --allow-read --allow-write=test/golden test/golden_test.ts -- --rewrite
 */
import assert from "node:assert/strict";
import { renderTrail } from "../lib/cli/explain_view.ts";
import { decodeUtf8 } from "../lib/message/text.ts";
import { printHeader } from "../lib/message/write.ts";
import type { Decision } from "../lib/stages/trail.ts";
import { type Given, submit, type World } from "./support/submissions.ts";

const DIRECTORY = new URL("./golden/", import.meta.url);
const REWRITE = Deno.args.includes("--rewrite");

/** Content of `facts.json`: what it shows, the ledger's rows that say so, and what differs from the defaults. */
interface Facts
  extends Pick<Given, "login" | "returnPath" | "recipients" | "smtpUtf8" | "session">, World {
  readonly about: string;
  readonly rows: ReadonlyArray<string>;
}

const latin1 = (octets: Uint8Array): string =>
  Array.from(octets, (o) => String.fromCharCode(o)).join("");
const octetsOf = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text, (c) => c.charCodeAt(0));

const read = (file: URL): string | null => {
  try {
    return latin1(Deno.readFileSync(file));
  } catch (e) {
    if (e instanceof Deno.errors.NotFound) return null;
    throw e;
  }
};

/** The message as the stages get it, and its body. */
const split = (eml: string): { readonly given: Given; readonly body: string } => {
  const text = `\n${eml}`;
  const end = text.indexOf("\n\n");
  const head = (end < 0 ? text : text.slice(0, end + 1)).slice(1).replaceAll("\n", "\r\n");
  const body = end < 0 ? "" : text.slice(end + 2);
  const eightBit = /[\x80-\xff]/.test(body);
  const validUtf8 = decodeUtf8(body) !== null;
  return { given: { head, hasBody: end >= 0, eightBit, validUtf8 }, body };
};

/** Of whole messages of mail programs, what was changed or refused in any stage. */
const shown = (stage: string, d: Decision): boolean =>
  stage === "programs" ? d.verdict !== "pass" : d.stage === stage;

const directories = (at: URL): ReadonlyArray<string> =>
  [...Deno.readDirSync(at)].filter((e) => e.isDirectory).map((e) => e.name).sort();

for (const stage of directories(DIRECTORY)) {
  for (const name of directories(new URL(`${stage}/`, DIRECTORY))) {
    const at = new URL(`${stage}/${name}/`, DIRECTORY);
    const facts: Facts = JSON.parse(Deno.readTextFileSync(new URL("facts.json", at)));
    Deno.test(`pipeline() golden ${stage}/${name}: ${facts.about}`, async () => {
      const { about: _about, rows: _rows, accounts, rules, rights, routes, ...envelope } = facts;
      const { given, body } = split(read(new URL("in.eml", at)) ?? "");
      const world: World = Object.fromEntries(
        Object.entries({ accounts, rules, rights, routes }).filter(([, v]) => v !== undefined),
      );
      const end = await submit({ ...given, ...envelope }, world);
      const got: Record<string, string | null> = {
        "out.eml": end._tag === "Refused"
          ? null
          : `${printHeader(end.header).replaceAll("\r\n", "\n")}\n${body}`,
        reply: end._tag === "Refused" ? `${end.reply}\n` : null,
        trail: latin1(new TextEncoder().encode(
          `${
            renderTrail(end.trail.filter((d) => shown(stage, d)), { colour: false }).join("\n")
          }\n`,
        )),
      };
      for (const [file, text] of Object.entries(got)) {
        const path = new URL(file, at);
        if (!REWRITE) assert.equal(read(path), text, `${stage}/${name}/${file}`);
        else if (text !== null) Deno.writeFileSync(path, octetsOf(text));
        else if (read(path) !== null) Deno.removeSync(path);
      }
    });
  }
}
