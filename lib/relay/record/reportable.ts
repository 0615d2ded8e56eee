/** Which recipients to report to the sender, and how, according to NOTIFY. RFC 3461 §5.2, §6.2. Pure. */
import { isAscii } from "../../address/domain.ts";
import type { ReportedRecipient } from "../../message/report/report_types.ts";
import type { Delivery, Outcome, Settlement } from "../../ports/spool.ts";
import { decodeXtext } from "../../smtp/syntax/xtext.ts";
import { justLate, type Result, startOf, warned } from "../job/outcome.ts";
import { expiry } from "../retry.ts";
import type { RelaySettings } from "../settings.ts";
import { type RecipientParameters, recipientParameters } from "../job/delivery_parameters.ts";

/** What happened to one recipient, in the words of a report; null: nothing that anybody is told. */
type Told = Pick<ReportedRecipient, "status" | "reply"> & {
  readonly action: NonNullable<ReportedRecipient["action"]>;
  readonly until?: number;
};

export const reportable = (
  delivery: Delivery,
  settlements: ReadonlyArray<Settlement>,
  results: ReadonlyArray<Result>,
  { hostname, retry }: RelaySettings,
  now: number,
): ReadonlyArray<ReportedRecipient> => {
  const byKey = wishesByKey(delivery);
  const ends = expiry(startOf(delivery), delivery.envelope.returnPath === null, retry);
  return settlements.flatMap(({ recipient, outcome }, i) => {
    const result = results[i]!;
    const host = hostOf(outcome, result);
    const late = justLate(delivery, result, now) || warned(delivery, result, now, retry);
    // what is tried beyond its time has at least one attempt left
    const giveUp = outcome._tag === "Deferred" ? Math.max(ends, outcome.until) : ends;
    const told = toldOf(outcome, result, host, late ? giveUp : null);
    const wishes = byKey?.get(recipient.key);
    if (told === null || !wanted(told.action, wishes)) return [];
    return [{
      address: recipient.address,
      ...told,
      // a unix socket has no name in the DNS: it is this very host
      remote: host?.startsWith("/") ? hostname : host,
      ...wishes?.orcpt === undefined ? {} : { orcpt: decodedOrcpt(wishes.orcpt) },
    }];
  });
};

const wishesByKey = (delivery: Delivery): ReadonlyMap<number, RecipientParameters> | null => {
  const wishes = recipientParameters(delivery);
  return wishes === null
    ? null
    : new Map(delivery.recipients.map((r, i) => [r.key, wishes[i] ?? {}]));
};

/** A host's words are only its own. RFC 3464 §2.3.5 */
const hostOf = (outcome: Outcome, { verdict }: Result): string | null =>
  verdict.remote ? outcome.remote?.split(" ")[0] ?? null : null;

/** `late`: when it is given up, where it is time to tell of the delay. RFC 2852 §4.1, RFC 3461 §5.2.5 */
const toldOf = (
  outcome: Outcome,
  { verdict, notice }: Result,
  host: string | null,
  late: number | null,
): Told | null => {
  const { reply } = outcome;
  switch (outcome._tag) {
    case "Delivered":
      return notice === undefined ? null : { action: notice, status: verdict.status, reply };
    case "Deferred":
      return late === null ? null : { action: "delayed", status: "4.4.7", reply, until: late };
    case "Failed":
    case "Damaged":
      return { action: "failed", status: outcome.status, reply };
    case "Expired":
      return {
        action: "failed",
        status: outcome.status,
        reply: host === null ? `Given up after many attempts: ${reply}` : reply,
      };
  }
};

/** Failure and delay are told unless the sender said otherwise; success was asked for already. RFC 3461 §4.1 */
const wanted = (action: Told["action"], wishes: RecipientParameters | undefined): boolean => {
  const notify = wishes?.notify;
  if (notify === undefined || action === "relayed" || action === "delivered") return true;
  if (notify === "NEVER") return false;
  return notify.includes(action === "failed" ? "FAILURE" : "DELAY");
};

/** `type; address`, xtext decoded; what `utf-8` has in its place is no xtext. RFC 3464 §2.3.1, RFC 6533 §3 */
export const decodedOrcpt = (orcpt: string): string => {
  const at = orcpt.indexOf(";");
  const type = orcpt.slice(0, at);
  const address = orcpt.slice(at + 1);
  const plain = type.toLowerCase() === "utf-8" || !isAscii(address);
  return `${type}; ${plain ? address : decodeXtext(address)}`;
};
