/** Adds missing fields that are mandatory or that a site wants. RFC 5322 §3.6.2, §3.6.3 */
import { asciiMailbox, printMailbox, printMailboxAscii } from "../../address/mailbox.ts";
import { append } from "../../message/edit.ts";
import { encodeUtf8 } from "../../message/text.ts";
import { makeField } from "../../message/write.ts";
import { type Mend, mend, note } from "./draft.ts";

/** A message of nobody gets the account's primary address; only where the site wants that. RFC 5322 §3.6.2 */
export const supplyFrom: Mend = (d) => {
  if (d.s.fields.fromField !== null) return null;
  const { primary } = d.s.account;
  return mend(d, {
    rule: "HDR-3",
    field: "From",
    setting: d.rules.from,
    problem: "is missing",
    mandatory: true,
    before: {},
  }, () => {
    const text = asciiMailbox(primary)
      ? printMailboxAscii(primary)
      : encodeUtf8(printMailbox(primary));
    d.header = append(d.header, makeField("From", text));
    return { after: text };
  });
};

const RECIPIENTS: ReadonlySet<string> = new Set(["to", "cc", "bcc"]);

/** A message to nobody that can be seen is legal; some filters think otherwise. RFC 5322 §3.6.3 */
export const nameNobody: Mend = (d) => {
  if (d.rules.undisclosed === "off" || d.s.fields.resent !== null) return null;
  if (d.header.fields.some((f) => RECIPIENTS.has(f.key))) return null;
  return mend(d, {
    rule: "HDR-10",
    field: "To",
    setting: d.rules.undisclosed,
    problem: "is missing, and there is neither Cc nor Bcc",
    mandatory: false,
    before: {},
  }, () => {
    const nobody = "undisclosed-recipients:;";
    d.header = append(d.header, makeField("To", nobody));
    return { after: nobody };
  });
};

/** A second copy that says the same goes. RFC 5322 §3.6 */
export const dropCopies: Mend = (d) => {
  for (const copy of d.s.fields.repeated) {
    if (d.s.fields.signed.has(copy.key)) {
      // a signature may cover both of them
      return mend(d, {
        rule: "HDR-1",
        field: copy.name,
        setting: "fix",
        problem: "is there more than once",
        mandatory: true,
        before: {},
      }, () => ({}));
    }
    d.header = { fields: d.header.fields.filter((f) => f !== copy) };
    note(d, "changed", "HDR-1", { field: copy.name, problem: "is there twice", removed: 1 });
  }
  return null;
};
