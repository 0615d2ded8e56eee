/** MSA-4.2c: domains of one label in the envelope, by the table of the site. */
import assert from "node:assert/strict";
import { parseDomainName } from "../../../../lib/address/domain.ts";
import { printMailbox } from "../../../../lib/address/mailbox.ts";
import { octets } from "../../../support/octets.ts";
import { ALICE, RULES, Session } from "../../../support/session.ts";

const full = parseDomainName("sales.example.net");
assert.ok(full !== null);

/** What comes back to the last of these commands. */
const last = (rules: typeof RULES, ...commands: ReadonlyArray<string>) => {
  const session = new Session(rules, true);
  let said: ReadonlyArray<string> = [];
  for (
    const c of ["EHLO x.example", `AUTH PLAIN ${btoa(`\0${ALICE}\0secret`)}`, ...commands]
  ) said = session.write(octets(`${c}\r\n`));
  return { session, reply: said.at(-1)?.slice(0, 9) };
};

const on = { ...RULES, domains: new Map([["sales", full]]) };

for (
  const [rules, command, want] of [
    [RULES, "RCPT TO:<bob@sales>", "554 5.1.2"],
    [on, "RCPT TO:<bob@SALES>", "250 2.1.5"],
    [RULES, "RCPT TO:<bob@a.sales>", "250 2.1.5"],
    [on, "RCPT TO:<bob@a.sales>", "554 5.1.2"],
    [on, "RCPT TO:<bob@marketing>", "554 5.1.2"],
  ] as const
) {
  Deno.test(`completed() MSA-4.2c: ${command} is answered ${want}`, () => {
    assert.equal(last(rules, `MAIL FROM:<${ALICE}>`, command).reply, want);
  });
}

Deno.test("completed() MSA-4.2c: the recipient is that of the table, others as they came", () => {
  const { session } = last(
    on,
    `MAIL FROM:<${ALICE}>`,
    "RCPT TO:<bob@sales>",
    "RCPT TO:<bob@sales.example>",
  );
  const asked = session.questions.flatMap((q) =>
    q._tag === "Recipient" ? [printMailbox(q.mailbox)] : []
  );
  assert.deepEqual(asked, ["bob@sales.example.net", "bob@sales.example"]);
});

Deno.test("completed() MSA-4.2c: a return path is completed before rights are judged", () => {
  const { session } = last(on, "MAIL FROM:<bob@sales>");
  const [mail] = session.questions.filter((q) => q._tag === "Mail");
  assert.ok(mail?._tag === "Mail" && mail.mail.returnPath !== null);
  assert.equal(printMailbox(mail.mail.returnPath), "bob@sales.example.net");
});
