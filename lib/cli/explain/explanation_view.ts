/** What `postern explain` prints. Pure: prints nothing itself. */
import { printMailbox } from "../../address/mailbox.ts";
import { isFault, parseHeader } from "../../message/header.ts";
import { decodeUtf8 } from "../../message/text.ts";
import { hopKey } from "../../ports/routes.ts";
import { negative, summary } from "../../reply/reply.ts";
import { standsFor } from "../../stages/durability.ts";
import type { Signed } from "../../stages/submission.ts";
import type { Exchange, Explanation } from "../../app/explain_run.ts";
import { renderTrail, safe, styled, trailJson, type ViewOptions } from "../explain_view.ts";
import { diffHeaders, type HeaderChange, renderDiff } from "./header_diff.ts";

export const UNBOUNDED = {
  headerBytes: Infinity,
  headerFields: Infinity,
  addressesPerField: Infinity,
  receivedFields: Infinity,
};

/** The header as it came: it was parsed once already, so that it cannot fail. */
const changes = (signed: Signed): ReadonlyArray<HeaderChange> => {
  const before = parseHeader(signed.head, UNBOUNDED, true);
  const after = parseHeader(signed.leaving.slice(0, -2), UNBOUNDED, true);
  return isFault(before) || isFault(after) ? [] : diffHeaders(before, after);
};

/** The exchange, the trail, what became of the header, and the end of it. */
export const explanationLines = (e: Explanation, o: ViewOptions): ReadonlyArray<string> => [
  ...e.exchanges.flatMap((x) => exchangeLines(x, o)),
  ...(e.trail.length === 0 ? [] : ["", ...renderTrail(e.trail, o)]),
  ...(e.signed === null ? [] : headerLines(changes(e.signed), o)),
  "",
  e.accepted ? styled(o, "green", "accepted") : styled(o, "red", "refused"),
];

const exchangeLines = (x: Exchange, o: ViewOptions): ReadonlyArray<string> => [
  `${styled(o, "dim", "C:")} ${safe(x.command)}`,
  `${styled(o, "dim", "S:")} ${styled(o, negative(x.reply) ? "red" : "green", summary(x.reply))}`,
];

const headerLines = (
  changed: ReadonlyArray<HeaderChange>,
  o: ViewOptions,
): ReadonlyArray<string> =>
  changed.length === 0 ? [] : ["", styled(o, "bold", "Header"), ...renderDiff(changed, o)];

/** Characters where the octets are UTF-8. */
const text = (latin1: string): string => decodeUtf8(latin1) ?? latin1;

export const explanationJson = (e: Explanation) => ({
  accepted: e.accepted,
  exchanges: e.exchanges.map((x) => ({ command: x.command, reply: summary(x.reply) })),
  ...trailJson(e.trail),
  durability: e.signed === null ? null : standsFor(e.signed),
  header: e.signed === null ? null : {
    before: text(e.signed.head),
    after: text(e.signed.leaving.slice(0, -2)),
    changes: changes(e.signed).map((c) => ({
      kind: c.kind,
      before: c.kind === "added" ? null : text(c.before.raw),
      after: c.kind === "removed" ? null : text(c.after.raw),
    })),
  },
  recipients: e.signed === null ? [] : e.signed.routed.map((r) => ({
    address: printMailbox(r.mailbox),
    route: r.route.pattern,
    hop: hopKey(r.route.hop),
  })),
});
