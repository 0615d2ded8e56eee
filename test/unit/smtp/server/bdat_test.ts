/** BDAT through the machine: whatever is refused, no octet of a chunk is a command. threats.md row 4, CVE-2017-16943 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { chunked } from "../../../support/octets.ts";
import { ALICE, RULES, Session } from "../../../support/session.ts";

/** A line, or a chunk whose octets look like commands. */
interface Item {
  readonly text: string;
  readonly chunk: string | null;
}

const evil = fc.array(
  fc.constantFrom(
    "QUIT\r\n",
    "RSET\r\n",
    "\r\n.\r\n",
    "MAIL FROM:<alice@example.net>\r\n",
    "Subject: x\r\n",
    "\r\n",
    "\n",
    "\0",
    "x",
  ),
  { maxLength: 6 },
).map((a) => a.join(""));

const item: fc.Arbitrary<Item> = fc.oneof(
  fc.constantFrom(
    "MAIL FROM:<alice@example.net>",
    "RCPT TO:<bob@example.org>",
    "NOOP",
    "RSET",
    "MAIL FROM:<alice@example.net> BODY=BINARYMIME",
    "EHLO x.example",
    "VRFY x",
  )
    .map((text) => ({ text: `${text}\r\n`, chunk: null })),
  {
    weight: 2,
    arbitrary: fc.tuple(evil, fc.boolean()).map(([chunk, last]) => ({
      text: `BDAT ${chunk.length}${last ? " LAST" : ""}\r\n`,
      chunk,
    })),
  },
);

const RUN = { ...RULES, errors: 1000, idleCommands: 1000, messageBytes: 60 };

const begun = (signedIn: boolean): Session => {
  const s = new Session(RUN, true);
  s.write(new TextEncoder().encode("EHLO test.example\r\n"));
  if (signedIn) s.write(new TextEncoder().encode(`AUTH PLAIN ${btoa(`\0${ALICE}\0secret`)}\r\n`));
  return s;
};

/** Replies, a line each but for EHLO's. */
const finals = (lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.filter((l) => l[3] === " ");

Deno.test("EXT-CHK-2: one reply to each command, none to the octets of a chunk, in one write or cut anywhere", () => {
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 14 }),
      fc.array(fc.nat(9), { maxLength: 30 }),
      fc.boolean(),
      (items, cuts, signedIn) => {
        const wire = items.map((i) => i.text + (i.chunk ?? "")).join("");
        const whole = finals(begun(signedIn).write(chunked(wire, [])[0]!));
        const s = begun(signedIn);
        const pieces = finals(chunked(wire, cuts).flatMap((c) => [...s.write(c)]));
        assert.deepEqual(pieces, whole);
        assert.equal(whole.length, items.length, whole.join(" / "));
        assert.equal(s.closed, false);
        // the session is in step: the next command is heard
        assert.deepEqual(s.write(chunked("NOOP\r\n", [])[0]!), ["250 2.0.0 OK"]);
      },
    ),
    { numRuns: 3_000 },
  );
});

Deno.test("EXT-CHK-1: the chunks of a message are its content, whatever they hold", () => {
  fc.assert(
    fc.property(fc.array(evil, { minLength: 1, maxLength: 4 }), (chunks) => {
      const s = begun(true);
      const head = "Subject: x\r\n\r\n";
      const all = [head, ...chunks];
      const wire =
        "MAIL FROM:<alice@example.net> BODY=BINARYMIME\r\nRCPT TO:<bob@example.org>\r\n" +
        all.map((c, i) => `BDAT ${c.length}${i === all.length - 1 ? " LAST" : ""}\r\n${c}`).join(
          "",
        );
      const got = finals(s.write(chunked(wire, [])[0]!));
      if (all.join("").length > RUN.messageBytes) {
        assert.ok(got.some((l) => l.startsWith("552 5.3.4 ")));
      } else {
        assert.equal(got.at(-1), "250 2.0.0 OK queued as Q1");
        assert.equal(s.received, chunks.join(""));
      }
    }),
    { numRuns: 1_000 },
  );
});
