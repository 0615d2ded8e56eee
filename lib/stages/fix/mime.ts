/** Labels 8-bit text without MIME fields. RFC 6152 §3, RFC 2045 §4, §6.1, RFC 6409 §8.4 */
import { append, first } from "../../message/edit.ts";
import { makeField } from "../../message/write.ts";
import { NEEDS_CHARSET } from "../../reply/catalog.ts";
import { type Mend, mend } from "./draft.ts";

/**
 * Labels an 8-bit body that has no MIME-Version: UTF-8 text where it is that, refused (554 5.6.1) where no
 * Content-Type says what else it might be.
 */
export const labelEightBit: Mend = (d) => {
  const { body } = d.s;
  if (!body.eightBit || first(d.header, "mime-version") !== null) return null;
  const typed = first(d.header, "content-type") !== null;
  if (!typed && !body.validUtf8 && d.rules.mimeVersion !== "off") {
    const facts = { problem: "8-bit text that is not UTF-8" };
    return { rule: "HDR-26", reply: NEEDS_CHARSET, facts };
  }
  return mend(d, {
    rule: "HDR-26",
    field: "MIME-Version",
    setting: d.rules.mimeVersion,
    problem: "is missing although the body is 8-bit",
    mandatory: true,
    before: {},
  }, () => {
    const added = [makeField("MIME-Version", "1.0")];
    if (!typed) added.push(makeField("Content-Type", "text/plain; charset=utf-8"));
    if (first(d.header, "content-transfer-encoding") === null) {
      added.push(makeField("Content-Transfer-Encoding", "8bit"));
    }
    d.header = append(d.header, ...added);
    return { added: added.map((f) => f.name) };
  });
};
