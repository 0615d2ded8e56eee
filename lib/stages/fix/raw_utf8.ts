/**
 * UTF-8 in a header although MAIL had no SMTPUTF8: written in ASCII where that keeps the meaning. RFC 2047 §5, RFC
 * 6409 §6.5
 */
import { isAscii } from "../../address/domain.ts";
import { downgradeField } from "../../message/downgrade.ts";
import { replace } from "../../message/edit.ts";
import { badMessage } from "../../reply/catalog.ts";
import { value } from "../facts.ts";
import { type Mend, mend } from "./draft.ts";

/** Free text, names and domains; never the part before the @. */
export const encodeHeader: Mend = (d) => {
  if (d.s.envelope.smtpUtf8) return null;
  for (const field of d.header.fields) {
    if (isAscii(field.raw)) continue;
    const name = field.name.slice(0, 60);
    const made = downgradeField(field);
    if (made === null || !isAscii(made.raw)) {
      const problem =
        "8-bit characters that have no ASCII form need the SMTPUTF8 parameter on MAIL";
      return {
        rule: "HDR-17",
        reply: badMessage(`${name} field: ${problem}`),
        facts: { field: name, problem },
      };
    }
    const reply = mend(d, {
      rule: "HDR-17",
      field: name,
      setting: d.rules.rawUtf8,
      problem: "holds 8-bit characters",
      mandatory: true,
      before: { before: value(field) },
    }, () => {
      d.header = replace(d.header, field, made);
      return { after: value(made) };
    });
    if (reply !== null) return reply;
  }
  return null;
};
