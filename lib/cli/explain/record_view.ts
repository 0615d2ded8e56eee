/** Records of submissions for people and for programs. Pure: prints nothing itself. */
import { printMailbox } from "../../address/mailbox.ts";
import type { SubmissionRecord } from "../../ports/records.ts";
import { renderTrail, safe, trailJson, type ViewOptions } from "../explain_view.ts";
import { readStoredTrail } from "../../stages/stored_trail.ts";

export const recordJson = (r: SubmissionRecord) => ({
  id: r.id,
  at: new Date(r.at).toISOString(),
  account: r.account,
  credential: r.credential,
  reply: r.reply,
  client: r.session.clientAddress,
  returnPath: r.message?.envelope.returnPath === undefined ||
      r.message.envelope.returnPath === null
    ? null
    : printMailbox(r.message.envelope.returnPath),
  recipients: r.message?.envelope.recipients.map((x) => printMailbox(x.mailbox)) ?? [],
  ...trailJson(readStoredTrail(r.trail)),
});

export const recordLines = (r: SubmissionRecord, o: ViewOptions): ReadonlyArray<string> => {
  const j = recordJson(r);
  return [
    `${r.id}  ${j.at}`,
    `account     ${safe(r.account ?? "none")}${
      r.credential === null ? "" : ` (${safe(r.credential)})`
    }`,
    `client      ${safe(j.client)}`,
    ...(r.message === null ? [] : [
      `from        ${safe(j.returnPath ?? "<>")}`,
      `to          ${safe(j.recipients.join(", "))}`,
    ]),
    `reply       ${safe(r.reply)}`,
    ...renderTrail(readStoredTrail(r.trail), o),
  ];
};
