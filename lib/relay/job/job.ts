/** What is delivered in one transaction: the recipients of one message whose route leads to one hop. */
import { Effect } from "effect";
import { isAscii } from "../../address/domain.ts";
import { asciiMailbox, printMailbox, printMailboxAscii } from "../../address/mailbox.ts";
import { parseMailbox } from "../../address/path.ts";
import type { Contact } from "../../ports/attempt.ts";
import { hopKey, type NextHop, type Route, type RouteFacts, Routes } from "../../ports/routes.ts";
import type { Delivery, LeasedRecipient } from "../../ports/spool.ts";
import type { Mail } from "../../smtp/client/state.ts";
import { ours } from "../../smtp/client/verdict.ts";
import type { PassThroughClient } from "./pass_through_client.ts";
import type { Result } from "./outcome.ts";
import type { HopAccess, RelaySettings } from "../settings.ts";
import { deliveryParametersOf, mustHaveTls } from "./delivery_parameters.ts";

export interface Job {
  /** With the recipients of this job only. */
  readonly delivery: Delivery;
  readonly route: Route;
  readonly access: HopAccess;
  /** A connection that had gone stale was tried already. */
  readonly retried: boolean;
  /** Its client waits for what comes of it; absent: the spool has it. */
  readonly awaited?: PassThroughClient;
}

/** Connections are shared by what has the same key: nothing rides on a link with less TLS than it asks for. */
export const poolKey = (job: Job): string => {
  const { route: { hop }, access, delivery, awaited } = job;
  const limited = limitsKey(job) ?? "";
  if (hop._tag === "Maildir" || hop._tag === "LmtpUnix") return `${hopKey(hop)}${limited}`;
  const { envelope } = delivery;
  const wish = mustHaveTls(envelope, hop)
    ? "#requiretls"
    : envelope.tlsOptional === true
    ? "#tlsoptional"
    : "";
  // a client's own login: such jobs share the lanes of the hop, and no connection
  const own = ownLogin(awaited) ? "#own" : "";
  return `${termsOf(hop)}#${access.ca ?? ""}${wish}${own}${limited}`;
};

/** Its connection carries this message alone. */
export const ownLogin = (awaited: Job["awaited"]): boolean =>
  awaited !== undefined && awaited.login !== null;

/** What is limited together: all that one route sends to one next hop; null where nothing limits it. */
export const limitsKey = ({ route, access }: Job): string | null =>
  access.limits === undefined ? null : `#${route.rule ?? ""}#${hopKey(route.hop)}`;

const termsOf = (hop: NextHop): string => {
  switch (hop._tag) {
    case "Several":
      return `${hopKey(hop)}#${hop.hops.map(termsOf).join()}`;
    case "Mx":
      return `${hopKey(hop)}:${hop.port}#${hop.tls}`;
    case "Smtp":
    case "Lmtp":
    case "Srv":
      return `${hopKey(hop)}#${hop.tls}`;
    default:
      return hopKey(hop);
  }
};

export interface Sorted {
  readonly jobs: ReadonlyArray<Job>;
  /** Recipients that no route takes now. */
  readonly stranded: ReadonlyArray<Result>;
}

const NO_ROUTE = ours("temporary", "4.4.4", "No route is configured for this recipient now");
const NO_CLIENT = ours(
  "temporary",
  "4.3.5",
  "The route signs in as the client, and there is none: what is sent from here needs a route of its own",
);
const BAD_ADDRESS = ours("permanent", "5.1.3", "Recipient address is not valid");

/** Looks every recipient's route up anew, since the configuration may have changed after acceptance. */
export const sort: (
  delivery: Delivery,
  settings: Pick<RelaySettings, "access" | "rerouted">,
) => Effect.Effect<Sorted, never, Routes> = Effect.fnUntraced(function* (delivery, settings) {
  const routes = yield* Routes;
  const message: RouteFacts = {
    sender: delivery.envelope.returnPath,
    account: delivery.account,
    size: delivery.size,
    priority: delivery.envelope.priority ?? 0,
  };
  const groups = new Map<string, { readonly job: Job; readonly to: Array<LeasedRecipient> }>();
  const stranded: Array<Result> = [];
  for (const recipient of delivery.recipients) {
    const mailbox = parseMailbox(recipient.address);
    const chosen = mailbox === null || recipient.via === undefined
      ? null
      : settings.rerouted(recipient.via, mailbox);
    const route = mailbox === null ? null : chosen ?? (yield* routes.find(mailbox, message));
    if (route === null || route.passThrough?.login === true) {
      const verdict = mailbox === null ? BAD_ADDRESS : route === null ? NO_ROUTE : NO_CLIENT;
      stranded.push({ recipient, verdict, contact: null });
      continue;
    }
    const job: Job = { delivery, route, access: settings.access(route), retried: false };
    const key = poolKey(job);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { job, to: [recipient] });
    else group.to.push(recipient);
  }
  const jobs = Array.from(groups.values(), ({ job, to }) => withRecipients(job, to));
  return { jobs, stranded };
});

export const withRecipients = (job: Job, recipients: ReadonlyArray<LeasedRecipient>): Job =>
  recipients.length === job.delivery.recipients.length
    ? job
    : { ...job, delivery: { ...job.delivery, recipients } };

/** Every recipient with the same verdict. */
export const alike = (
  job: Job,
  verdict: Result["verdict"],
  contact: Contact | null,
  attempt: NonNullable<Result["attempt"]> = {},
): ReadonlyArray<Result> =>
  job.delivery.recipients.map((recipient) => ({ recipient, verdict, contact, attempt }));

/** What can be said in ASCII is: domains as A-labels. RFC 6531 §3.2 */
const wireAddress = (address: string): string => {
  if (isAscii(address)) return address;
  const mailbox = parseMailbox(address);
  return mailbox !== null && asciiMailbox(mailbox) ? printMailboxAscii(mailbox) : address;
};

/** Text without angle brackets; empty for the null return path. */
export const returnPathOf = ({ envelope: { returnPath } }: Delivery): string =>
  returnPath === null
    ? ""
    : asciiMailbox(returnPath)
    ? printMailboxAscii(returnPath)
    : printMailbox(returnPath);

/** What the content turned out to be. */
export interface Shape {
  readonly size: number;
  readonly eightBit: boolean;
  readonly eightBitHeader: boolean;
  /** It leaves as it is, by BDAT. RFC 3030 §3 */
  readonly binary: boolean;
}

/** The transaction for a job; SMTPUTF8 only where address or header needs it. RFC 6531 §3.4 */
export const mailOf = ({ delivery, route }: Job, shape: Shape, now: number): Mail => {
  const from = returnPathOf(delivery);
  const to = delivery.recipients.map((r) => wireAddress(r.address));
  const { size, eightBit } = shape;
  const utf8 = !isAscii(from) || to.some((a) => !isAscii(a))
    ? "address"
    : shape.eightBitHeader
    ? "header"
    : "none";
  const wishes = deliveryParametersOf(delivery, route.hop, shape.binary, now);
  return wishes === undefined
    ? { from, to, size, eightBit, utf8 }
    : { from, to, size, eightBit, utf8, wishes };
};
