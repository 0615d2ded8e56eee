/** The part of a report that programs read: delivery-status, in ASCII or in UTF-8. RFC 3464 §2, RFC 6533 §3 */
import { formatDate } from "../date.ts";
import type { Report, ReportedRecipient } from "./report_types.ts";
import { clean, cleanUtf8, fold, typedAddress } from "./report_text.ts";

/** In UTC: a report says nothing of where the server stands. */
export const printDate = (ms: number): string => formatDate(ms, 0);

/** RFC 3464 §2.2, RFC 2852 §5, RFC 4865 §5.1 */
const perMessage = (r: Report): string => {
  let out = r.envelopeId === undefined ? "" : `Original-Envelope-Id: ${clean(r.envelopeId)}\r\n`;
  out += `Reporting-MTA: dns; ${r.hostname}\r\nArrival-Date: ${printDate(r.arrivedAt)}\r\n`;
  if (r.deliverBy !== undefined) out += `Deliver-By-Date: ${printDate(r.deliverBy)}\r\n`;
  if (r.held !== undefined) out += `Future-Release-Request: ${clean(r.held)}\r\n`;
  return out;
};

/** RFC 3464 §2.3 */
const perRecipient = (x: ReportedRecipient, r: Report): string => {
  const utf8 = r.utf8 === true;
  const { action = "failed", orcpt } = x;
  let out = orcpt === undefined
    ? ""
    : `Original-Recipient: ${utf8 ? cleanUtf8(orcpt) : clean(orcpt)}\r\n`;
  out += `Final-Recipient: ${typedAddress(x.address, utf8)}\r\nAction: ${action}\r\n`;
  out += `Status: ${x.status}\r\n`;
  if (x.remote !== null) {
    out += `Remote-MTA: dns; ${clean(x.remote)}\r\n`;
    out += fold("Diagnostic-Code: smtp;", clean(x.reply));
  }
  out += `Last-Attempt-Date: ${printDate(r.now)}\r\n`;
  if (action === "delayed" && x.until !== undefined) {
    out += `Will-Retry-Until: ${printDate(x.until)}\r\n`;
  }
  return out;
};

export const deliveryStatus = (r: Report): string =>
  [perMessage(r), ...r.recipients.map((x) => perRecipient(x, r))].join("\r\n");
