/**
 * Content filters: what they say is mapped to a reply, what they change is applied, in the order of the
 * configuration. After the repairs and before the signature, on the message as it would leave. RFC 6409 §6.3
 *
 * Who a message is from was judged before and is not for a filter to say: From, Sender and the Resent block stay, as
 * does what a DKIM signature covers.
 */
import { Effect } from "effect";
import { printMailbox, same } from "../address/mailbox.ts";
import { parseMailbox } from "../address/path.ts";
import {
  type Filter,
  type FilteredMessage,
  type FilterReply,
  type FilterResult,
  Filters,
} from "../ports/filters.ts";
import type { SpoolError } from "../ports/spool.ts";
import { FILTER_FAULT, FILTER_LATER, FILTER_REFUSED, filterReply } from "../reply/catalog.ts";
import { shown } from "./facts.ts";
import { editHeader } from "./filter_edits.ts";
import { held } from "./hold.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Attributed, Stage } from "./submission.ts";
import type { Decision, Facts } from "./trail.ts";

/** Nothing at all where there are no filters. Once one discards a message the others are not asked. */
export const filter: Stage<Attributed, Attributed, Refusal | SpoolError> = (s) =>
  Effect.flatMap(Filters, (all) => all.length === 0 ? Effect.succeed(s) : askAll(s, all));

const askAll = Effect.fnUntraced(function* (
  s: Attributed,
  all: ReadonlyArray<Filter>,
): Effect.fn.Return<Attributed, Refusal | SpoolError> {
  let now = s;
  for (const f of all) {
    if (now.discard === true) break;
    now = yield* ask(now, f);
  }
  return now;
});

const ask = (s: Attributed, f: Filter): Effect.Effect<Attributed, Refusal | SpoolError> =>
  f.look(viewOf(s)).pipe(
    Effect.matchEffect({
      onSuccess: (r) => obey(s, f.name, r),
      onFailure: ({ problem }) => {
        const facts = { filter: f.name, problem: shown(problem) };
        return Effect.andThen(
          Effect.logError("a filter could not judge a message", { id: s.id, ...facts }),
          f.onFault === "refuse"
            ? Effect.fail(refusal(s.trail, "filter", "filter.fault", FILTER_FAULT, facts))
            : Effect.succeed(told(s, "pass", "filter.fault", facts)),
        );
      },
    }),
  );

/** Our own Received is not theirs to see: they know the server by its connection. */
const viewOf = (s: Attributed): FilteredMessage => ({
  id: s.id,
  hostname: s.hostname,
  session: s.session,
  account: s.account.id,
  envelope: s.envelope,
  fields: s.header.fields.slice(1),
  body: s.stored ?? null,
  bodyOctets: s.stored === undefined ? 0 : s.body.octets,
});

const told = (
  s: Attributed,
  verdict: Decision["verdict"],
  rule: string,
  facts: Facts,
): Attributed => ({ ...s, trail: [...s.trail, { stage: "filter", verdict, rule, facts }] });

const obey = Effect.fnUntraced(function* (
  s: Attributed,
  name: string,
  r: FilterResult,
): Effect.fn.Return<Attributed, Refusal | SpoolError> {
  const facts: Facts = { filter: name, ...r.facts };
  switch (r.verdict._tag) {
    case "Refuse":
      return yield* refused(s, "filter.refuse", r.verdict.reply, FILTER_REFUSED, facts);
    case "Later":
      return yield* refused(s, "filter.later", r.verdict.reply, FILTER_LATER, facts);
    case "Discard":
      return { ...told(s, "changed", "filter.discard", facts), discard: true };
    case "Hold": {
      const { reason } = r.verdict;
      const changed = yield* apply(s, name, r);
      return held(changed, "filter", "filter.hold", {
        reason: `${name}: ${shown(reason)}`,
        until: null,
        then: "release",
        notify: false,
      }, facts);
    }
    case "Pass":
      return yield* apply(told(s, "pass", "filter.pass", facts), name, r);
  }
});

const refused = (
  s: Attributed,
  rule: string,
  own: FilterReply | null,
  usual: Refusal["reply"],
  facts: Facts,
) =>
  Effect.fail(
    refusal(
      s.trail,
      "filter",
      rule,
      own === null ? usual : filterReply(own.code, own.detail, own.text),
      facts,
    ),
  );

const apply = Effect.fnUntraced(function* (
  s: Attributed,
  name: string,
  r: FilterResult,
): Effect.fn.Return<Attributed, SpoolError> {
  const changed = (field: string, after: string): Decision => ({
    stage: "filter",
    verdict: "changed",
    rule: "filter.change",
    facts: { filter: name, field, after: shown(after) },
  });
  const left = (field: string, why: string): Decision => ({
    stage: "filter",
    verdict: "pass",
    rule: "filter.left",
    facts: { filter: name, field, left: why },
  });
  const trail = [...s.trail];
  const { header, notes } = editHeader(s, r.edits);
  for (const n of notes) {
    trail.push(n.left === null ? changed(n.field, n.after) : left(n.field, n.left));
  }
  let { envelope, body } = s;
  for (const text of r.addRecipients) {
    const mailbox = parseMailbox(text);
    if (mailbox === null) trail.push(left("RCPT TO", "not an address"));
    else if (!envelope.recipients.some((known) => same(known.mailbox, mailbox))) {
      envelope = { ...envelope, recipients: [...envelope.recipients, { mailbox }] };
      trail.push(changed("RCPT TO", printMailbox(mailbox)));
    }
  }
  for (const text of r.dropRecipients) {
    const mailbox = parseMailbox(text);
    const rest = envelope.recipients.filter((known) =>
      mailbox === null || !same(known.mailbox, mailbox)
    );
    if (rest.length === envelope.recipients.length) continue;
    envelope = { ...envelope, recipients: rest };
    trail.push(changed("RCPT TO", `without ${text}`));
  }
  if (r.returnPath !== undefined) {
    const mailbox = r.returnPath === "" ? null : parseMailbox(r.returnPath);
    if (mailbox === null && r.returnPath !== "") trail.push(left("MAIL FROM", "not an address"));
    else {
      envelope = { ...envelope, returnPath: mailbox };
      trail.push(changed("MAIL FROM", r.returnPath));
    }
  }
  if (r.body !== undefined) {
    if (s.fields.signatures > 0) trail.push(left("body", "a DKIM signature covers it"));
    else if (s.stored !== undefined) {
      const chunks = r.body;
      body = yield* s.stored.replace({ push: () => [], end: () => chunks });
      trail.push(changed("body", `${body.octets} octets`));
    }
  }
  // nobody is left to get it
  const discard = envelope.recipients.length === 0 ? { discard: true } : {};
  return { ...s, header, envelope, body, trail, ...discard };
});
