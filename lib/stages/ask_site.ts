/**
 * The site's own policy: asked once about every submission, after the repairs and the filters, before the route and
 * the signature. Does nothing if a site has none. RFC 6409 §6.2, §6.3
 */
import { Effect } from "effect";
import { printMailbox } from "../address/mailbox.ts";
import { unfolded } from "../message/header.ts";
import { decodeUtf8 } from "../message/text.ts";
import type { SiteDecision, SubmissionFacts } from "../ports/site_facts.ts";
import { SitePolicy } from "../ports/site_policy.ts";
import { POLICY_FAULT, siteRefusal } from "../reply/catalog.ts";
import { shown } from "./facts.ts";
import { held } from "./hold.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Attributed, Stage } from "./submission.ts";
import type { Facts } from "./trail.ts";

const MINUTE = 60_000;

/**
 * Passes, notes, holds, or refuses as the site's function says. Where that fails the message is refused with 451
 * 4.3.5 or goes on, as configured.
 */
export const askSite: Stage<Attributed, Attributed, Refusal> = (s) =>
  Effect.flatMap(
    SitePolicy,
    (policy) =>
      policy === null ? Effect.succeed(s) : policy.decide(factsOf(s)).pipe(
        Effect.matchEffect({
          onSuccess: (d) => obey(s, d),
          onFailure: ({ problem }) => {
            const facts = { problem: shown(problem) };
            return Effect.andThen(
              Effect.logError("the site's policy could not judge a message", {
                id: s.id,
                ...facts,
              }),
              policy.onFault === "refuse"
                ? Effect.fail(refusal(s.trail, "site_policy", "site.fault", POLICY_FAULT, facts))
                : Effect.succeed(told(s, "site.fault", facts)),
            );
          },
        }),
      ),
  );

const obey = (s: Attributed, d: SiteDecision): Effect.Effect<Attributed, Refusal> => {
  const notes = shownNotes(d.notes ?? {});
  switch (d.verdict) {
    case "pass":
      return Effect.succeed(told(s, "site.pass", notes));
    case "refuse":
      return Effect.fail(
        refusal(s.trail, "site_policy", `site.${d.as}`, siteRefusal(d.as, d.text), notes),
      );
    case "hold":
      return Effect.succeed(
        held(s, "site_policy", "site.hold", {
          reason: d.reason,
          until: d.minutes === undefined ? null : s.receivedAt + d.minutes * MINUTE,
          then: d.then ?? "release",
          notify: true,
        }, notes),
      );
  }
};

const told = (s: Attributed, rule: string, facts: Facts): Attributed => ({
  ...s,
  trail: [...s.trail, { stage: "site_policy", verdict: "pass", rule, facts }],
});

const shownNotes = (notes: Facts): Facts =>
  Object.fromEntries(
    Object.entries(notes).map(([name, value]) => [
      shown(name),
      typeof value === "string"
        ? shown(value)
        : typeof value === "object" && value !== null
        ? value.map(shown)
        : value,
    ]),
  );

/** What the site's function sees. */
export const factsOf = (s: Attributed): SubmissionFacts => ({
  id: s.id,
  receivedAt: s.receivedAt,
  account: {
    id: s.account.id,
    addresses: [s.account.primary, ...s.account.aliases].map(printMailbox),
    groups: [...s.account.rights?.groups ?? []],
  },
  credential: s.credential ?? null,
  client: {
    address: s.session.clientAddress,
    helo: s.session.helo,
    listener: s.session.listener,
    tls: s.session.tls?.version ?? null,
  },
  returnPath: s.envelope.returnPath === null ? null : printMailbox(s.envelope.returnPath),
  recipients: s.envelope.recipients.map((r) => printMailbox(r.mailbox)),
  authors: s.fields.authors.map(printMailbox),
  header: s.header.fields.map((f) => {
    const octets = unfolded(f);
    return { name: f.name, value: decodeUtf8(octets) ?? octets };
  }),
  body: {
    octets: s.body.octets,
    eightBit: s.body.eightBit,
    longestLine: s.body.longestLine,
  },
  trail: s.trail,
});
