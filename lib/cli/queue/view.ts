/** Messages of the spool for people and for programs. Times are local for people, ISO 8601 for programs. */
import { printMailbox } from "../../address/mailbox.ts";
import type {
  QueueDetail,
  QueueEntry,
  QueueEvent,
  QueueHold,
  QueueRecipient,
} from "../../ports/spool.ts";
import type { QueueCount } from "../../ports/spool_admin.ts";
import { attemptWords } from "./attempt_view.ts";
import type { Forecast } from "./forecast.ts";

/** What came from a peer or a client must not steer a terminal. */
const UNSAFE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
export const clean = (s: string): string => s.replace(UNSAFE, "?");

export const iso = (ms: number | null): string | null =>
  ms === null ? null : new Date(ms).toISOString();

export const localTime = (ms: number): string => {
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
  const when = until === null ? "until it is released" : `${end} ${localTime(until)}`;
  return `  held: ${clean(reason)}; ${when}`;
};

/** What a next hop said, behind its name where it has one. */
const saidBy = (remote: string | null, reply: string): string =>
  `${remote === null || remote === "" ? "" : `${clean(remote)}: `}${clean(reply)}`;

/** Id, time, size and sender, why it is held, then a line or two for each recipient. */
export const entryLines = (e: QueueEntry): ReadonlyArray<string> => [
  ...headlines(e),
  ...e.recipients.flatMap((r) => [
    recipientLine(r),
    ...(r.lastReply === null ? [] : [`    ${saidBy(r.lastRemote, r.lastReply)}`]),
  ]),
];

const headlines = (e: QueueEntry): ReadonlyArray<string> => [
  `${e.id}  ${localTime(e.acceptedAt)}  ${octets(e.size)}  from <${clean(e.returnPath ?? "")}>` +
  (e.account === null ? "" : ` by ${clean(e.account)}`),
  ...(e.hold === null ? [] : [holdLine(e.hold)]),
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
    status: r.status ?? null,
    via: r.via ?? null,
    lastReply: r.lastReply,
    lastRemote: r.lastRemote,
    lastAt: iso(r.lastAt),
    lastAttempt: r.lastAttempt ?? null,
    underWay: r.underWay ?? false,
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

/** `forecast` and `limits` by recipient. */
export const detailJson = (
  d: QueueDetail,
  forecast: ReadonlyArray<Forecast>,
  limits: ReadonlyArray<string | null> = [],
) => ({
  ...entryJson(d),
  copyOf: d.copyOf ?? null,
  forecast: forecast.map((f, i) => ({
    address: d.recipients[i]?.address ?? "",
    next: inWords(f, (ms) => new Date(ms).toISOString()),
    at: iso(f.at),
    expires: iso(f.expires),
    limits: limits[i] ?? null,
  })),
  history: d.history.map((h) => ({ ...h, at: iso(h.at) })),
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

const inWords = ({ words, at, expires }: Forecast, print: (ms: number) => string): string =>
  words.replace("{at}", at === null ? "at a time unknown" : print(at))
    .replace("{expires}", expires === null ? "never" : print(expires));

const eventLines = (h: QueueEvent): ReadonlyArray<string> => [
  `    ${localTime(h.at)}  ${h.what}${h.reply === null ? "" : `: ${saidBy(h.remote, h.reply)}`}`,
  ...attemptLine(h.attempt, h.reply),
];

const attemptLine = (
  a: QueueEvent["attempt"],
  reply: string | null,
): ReadonlyArray<string> => {
  const words = attemptWords(a, reply);
  return words === null ? [] : [`      ${clean(words)}`];
};

/** The last attempt ended in these; in others it stands in the history. */
const FINAL: ReadonlyArray<QueueRecipient["state"]> = ["delivered", "failed", "expired", "damaged"];

/** One recipient: how it stands and what comes next, then all attempts in their order. */
const storyOf = (
  d: QueueDetail,
  r: QueueRecipient,
  f: Forecast | undefined,
  limits: string | null,
) => [
  `  ${clean(r.address)}  ${r.state} via ${clean(r.hop)}${
    r.via === undefined || r.via === null ? "" : ", as an operator chose"
  }`,
  ...(f === undefined ? [] : [`    ${inWords(f, localTime)}`]),
  ...(limits === null ? [] : [`    ${limits}`]),
  ...d.history.filter((h) => h.address === r.address).flatMap(eventLines),
  ...(r.lastAt === null || r.lastReply === null || !FINAL.includes(r.state) ? [] : [
    `    ${localTime(r.lastAt)}  ${r.state}: ${saidBy(r.lastRemote, r.lastReply)}`,
    ...attemptLine(r.lastAttempt, r.lastReply),
  ]),
];

const copyLines = ({ copyOf }: QueueDetail): ReadonlyArray<string> =>
  copyOf === undefined ? [] : [
    `  a copy: ${
      clean(copyOf.origin)
    } delivers it; \`queue take-over\` does so from here if that server is lost`,
    ...copyOf.open.map((r) =>
      `  ${clean(r.address)}  ${r.held ? "held" : "waits"} there, via ${clean(r.hop)}`
    ),
  ];

/** Everything but the trail, which has a view of its own. `forecast` and `limits` by recipient. */
export const detailLines = (
  d: QueueDetail,
  forecast: ReadonlyArray<Forecast>,
  limits: ReadonlyArray<string | null> = [],
): ReadonlyArray<string> => {
  const s = d.session;
  return [
    ...headlines(d),
    ...copyLines(d),
    ...d.recipients.flatMap((r, i) => storyOf(d, r, forecast[i], limits[i] ?? null)),
    ...(s === null ? [] : [
      `  session ${s.id} on ${s.listener} from ${s.clientAddress}, ` +
      (s.tls === null ? "in clear" : `${s.tls.version} ${s.tls.cipher}`),
    ]),
  ];
};

/** A line for each next hop and state. */
export const countLines = (counts: ReadonlyArray<QueueCount>): ReadonlyArray<string> =>
  counts.length === 0
    ? ["nothing in the queue"]
    : counts.map((c) =>
      `${String(c.recipients).padStart(8)} ${c.state} via ${clean(c.hop)}${
        c.due === null ? "" : `, next ${localTime(c.due)}`
      }`
    );
