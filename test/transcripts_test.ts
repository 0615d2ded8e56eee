import assert from "node:assert/strict";
import { octets } from "./support/octets.ts";
import { NO_CHANNEL } from "../lib/sasl/mechanism.ts";
import { ALICE, CHANNEL, rulesFor, Session } from "./support/session.ts";
import { type Facts, fits, readTranscript } from "./support/transcript.ts";

const DIRECTORY = new URL("./transcripts/", import.meta.url);

/** A session that stands where the header of its file says. */
const begin = (facts: Facts): Session => {
  const session = new Session(
    rulesFor(facts),
    facts["tls"] !== "no",
    facts["channel"] === "full" ? CHANNEL : NO_CHANNEL,
  );
  const must = (line: string, want: string) => {
    const got = session.write(octets(`${line}\r\n`));
    assert.ok(got.at(-1)?.startsWith(want), `${line} -> ${got.join(" / ")}`);
  };
  if (facts["ehlo"] !== "no") {
    must(facts["helo"] === "yes" ? "HELO test.example" : "EHLO test.example", "250 ");
  }
  const account = facts["account"] ?? (facts["tls"] === "no" ? "no" : ALICE);
  if (account !== "no") must(`AUTH PLAIN ${btoa(`\0${account}\0secret`)}`, "235 ");
  return session;
};

for (const entry of [...Deno.readDirSync(DIRECTORY)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  if (!entry.name.endsWith(".smtp")) continue;
  const { facts, sessions } = readTranscript(Deno.readTextFileSync(new URL(entry.name, DIRECTORY)));
  assert.ok(sessions.length > 0, entry.name);
  Deno.test(`step() replays ${entry.name}`, () => {
    for (const session of sessions) {
      const s = begin(facts);
      for (const { line, write, want } of session) {
        const got = s.closed ? [] : [...s.write(octets(write)), ...(s.closed ? ["(closed)"] : [])];
        assert.ok(
          got.length === want.length && want.every((w, i) => fits(w, got[i] ?? "")),
          `${entry.name}:${line}: want ${JSON.stringify(want)}, got ${JSON.stringify(got)}`,
        );
      }
    }
  });
}
