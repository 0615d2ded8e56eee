/** Refolds lines that may not be sent as they are. RFC 5322 §2.1.1, §3.2.2, §4.2 */
import { replace } from "../../message/edit.ts";
import { relayout } from "../../message/write.ts";
import { badMessage } from "../../reply/catalog.ts";
import { type Mend, mend } from "./draft.ts";

/** Lays such fields out anew; unfolded they say what they said. Lines that cannot be folded are refused. */
export const fixLayout: Mend = (d) => {
  for (const field of d.header.fields) {
    if (!field.misfit) continue;
    const made = relayout(field);
    if (made === null) {
      const problem = "has a line over 998 octets that cannot be folded";
      const name = field.name.slice(0, 60);
      return {
        rule: "HDR-15",
        reply: badMessage(`${name} field ${problem}`),
        facts: { field: name, problem },
      };
    }
    const reply = mend(d, {
      rule: "HDR-14",
      field: field.name.slice(0, 60),
      setting: d.rules.layout,
      problem: "has a line that is too long, a line of blanks, or a blank before the colon",
      mandatory: true,
      before: {},
    }, () => {
      d.header = replace(d.header, field, made);
      return { lines: made.raw.split("\r\n").length - 1 };
    });
    if (reply !== null) return reply;
  }
  return null;
};
