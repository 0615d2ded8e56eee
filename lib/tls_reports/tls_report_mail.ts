/** The message that carries a TLS report. RFC 8460 §5.3 */
import { formatDate } from "../message/date.ts";
import type { ReportFacts } from "./tls_tally.ts";

const FOLD = 76;

/** Text in lines of base64. RFC 2045 §6.8 */
const base64 = (octets: Uint8Array): string => {
  let text = "";
  for (const o of octets) text += String.fromCharCode(o);
  return (btoa(text).match(new RegExp(`.{1,${FOLD}}`, "g")) ?? []).join("\r\n");
};

/** `submitter!domain!begin!end!id.json.gz`, times in seconds. RFC 8460 §5.1 */
export const reportFile = (f: ReportFacts, hostname: string): string =>
  [hostname, f.domain, Math.floor(f.from / 1000), Math.floor(f.to / 1000), f.id].join("!") +
  ".json.gz";

export interface ReportMail {
  readonly head: string;
  readonly body: Uint8Array;
}

export const reportMail = (
  f: ReportFacts,
  hostname: string,
  to: string,
  gzipped: Uint8Array,
  now: number,
): ReportMail => {
  const boundary = `=_${f.id}`;
  const head = [
    `From: <${f.contact}>`,
    `To: <${to}>`,
    `Date: ${formatDate(now, 0)}`,
    `Subject: Report Domain: ${f.domain}`,
    ` Submitter: ${hostname} Report-ID: <${f.id}@${hostname}>`,
    `Message-ID: <${f.id}@${hostname}>`,
    `TLS-Report-Domain: ${f.domain}`,
    `TLS-Report-Submitter: ${hostname}`,
    // it may be the very TLS that fails of which it tells. RFC 8460 §5.3, RFC 8689 §5
    "TLS-Required: No",
    "Auto-Submitted: auto-generated",
    "MIME-Version: 1.0",
    'Content-Type: multipart/report; report-type="tlsrpt";',
    ` boundary="${boundary}"`,
    "",
    "",
  ].join("\r\n");
  const body = [
    `--${boundary}`,
    "Content-Type: text/plain; charset=us-ascii",
    "",
    `What TLS came to between ${hostname} and the mail servers of ${f.domain}`,
    `on ${new Date(f.from).toISOString().slice(0, 10)} (UTC) is in the attached file. RFC 8460`,
    "",
    `--${boundary}`,
    "Content-Type: application/tlsrpt+gzip",
    "Content-Transfer-Encoding: base64",
    "Content-Disposition: attachment;",
    ` filename="${reportFile(f, hostname)}"`,
    "",
    base64(gzipped),
    "",
    `--${boundary}--`,
    "",
  ].join("\r\n");
  return { head, body: new TextEncoder().encode(body) };
};
