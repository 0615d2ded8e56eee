/** Messages of the spool for people and for programs. Times are local for people, ISO 8601 for programs. */
import { printMailbox } from "../address/mailbox.ts";
import type { QueueDetail, QueueEntry, QueueHold, QueueRecipient } from "../ports/spool.ts";

/** What came from a peer or a client must not steer a terminal. */
const UNSAFE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
const clean = (s: string): string => s.replace(UNSAFE, "?");

const iso = (ms: number | null): string | null => ms === null ? null : new Date(ms).toISOString();

const localTime = (ms: number): string => {
  const d = new Date(ms);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ` +
    `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
};

const octets = (n: number): string =>
  n < 1024
    ? `${n} B`
    : n < 1024 * 1024
    ? `${(n / 1024).toFixed(1)} KB`
    : `${(n / 1024 / 1024).toFixed(1)} MB`;

const recipientLine = (r: QueueRecipient): string => {
  const tries = r.attempts === 0 ? "" : `, ${r.attempts} ${r.attempts === 1 ? "try" : "tries"}`;
  const due = r.due === null ? "" : `, next ${localTime(r.due)}`;
  return `  ${clean(r.address)}  ${r.state} via ${clean(r.hop)}${tries}${due}`;
};

const holdLine = ({ reason, until, then }: QueueHold): string => {
  const end = then === "expire" ? "goes back" : "leaves";
  const when = until === null ? "until somebody releases it" : `${end} ${localTime(until)}`;
  return `  held: ${clean(reason)}; ${when}`;
};

/** Id, time, size and sender, then a line or two for each recipient. */
export const entryLines = (e: QueueEntry): ReadonlyArray<string> => [
  `${e.id}  ${localTime(e.acceptedAt)}  ${octets(e.size)}  from <${clean(e.returnPath ?? "")}>` +
  (e.account === null ? "" : ` by ${clean(e.account)}`),
  ...(e.hold === null ? [] : [holdLine(e.hold)]),
  ...e.recipients.flatMap((r) => [
    recipientLine(r),
    ...(r.lastReply === null ? [] : [
      `    ${r.lastRemote === null || r.lastRemote === "" ? "" : `${clean(r.lastRemote)}: `}${
        clean(r.lastReply)
      }`,
    ]),
  ]),
];

export const entryJson = (e: QueueEntry) => ({
  id: e.id,
  acceptedAt: iso(e.acceptedAt),
  account: e.account,
  returnPath: e.returnPath,
  size: e.size,
  recipients: e.recipients.map((r) => ({
    address: r.address,
    hop: r.hop,
    state: r.state,
    attempts: r.attempts,
    due: iso(r.due),
    lastReply: r.lastReply,
    lastRemote: r.lastRemote,
    lastAt: iso(r.lastAt),
  })),
  hold: e.hold === null ? null : { ...e.hold, until: iso(e.hold.until) },
});

/** The stored trail is JSON already; text that is none is passed on as it is. */
const storedJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

export const detailJson = (d: QueueDetail) => ({
  ...entryJson(d),
  envelope: {
    returnPath: d.envelope.returnPath === null ? null : printMailbox(d.envelope.returnPath),
    recipients: d.envelope.recipients.map((r) => printMailbox(r.mailbox)),
    body: d.envelope.body,
    smtpUtf8: d.envelope.smtpUtf8,
  },
  session: d.session,
  trail: storedJson(d.trail),
  head: d.head,
});

/** Everything but the trail, which has a view of its own. */
export const detailLines = (d: QueueDetail): ReadonlyArray<string> => {
  const s = d.session;
  return [
    ...entryLines(d),
    ...(s === null ? [] : [
      `  session ${s.id} on ${s.listener} from ${s.clientAddress}, ` +
      (s.tls === null ? "in clear" : `${s.tls.version} ${s.tls.cipher}`),
    ]),
  ];
};
