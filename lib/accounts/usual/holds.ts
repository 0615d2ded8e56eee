/** The Layer behind `Holds`: grace for second thoughts, many new recipients at once, clients not seen before. */
import { Effect, Layer } from "effect";
import { addressKey } from "../../address/account_key.ts";
import { Correspondents } from "../../ports/correspondents.ts";
import {
  type FoundHold,
  type HoldQuestion,
  Holds,
  type HoldSettings,
  noHolds,
} from "../../ports/holds.ts";
import { KnownClients } from "../../ports/known_clients.ts";

const watches = (o: HoldSettings): boolean => o.unusual.address || o.unusual.name;

/** Nothing where no rule is set. */
export const holdsLayer = (
  o: HoldSettings,
): Layer.Layer<Holds, never, Correspondents | KnownClients> => {
  const graceful = o.grace.ms > 0 || o.grace.accounts.size > 0;
  if (!graceful && o.burst === null && !watches(o)) return noHolds;
  return Layer.effect(
    Holds,
    Effect.gen(function* () {
      const correspondents = yield* Correspondents;
      const clients = yield* KnownClients;
      return {
        consider: Effect.fnUntraced(function* (q: HoldQuestion) {
          const found: Array<FoundHold> = [];
          const doubt = (
            rule: FoundHold["rule"],
            reason: string,
            facts: FoundHold["facts"],
          ): void => {
            found.push({
              rule,
              facts,
              hold: { reason, until: q.at + o.lastsMs, then: o.then, notify: o.notify },
            });
          };
          const grace = graceOf(o, q);
          if (grace !== null) found.push(grace);
          if (o.burst !== null) {
            const { fresh, before } = yield* correspondents.newcomers(
              q.account.id,
              q.recipients,
              q.at - o.burst.withinMs,
            );
            if (fresh > 0 && before + fresh > o.burst.recipients) {
              doubt("hold.burst", "many recipients for the first time", { fresh, before });
            }
          }
          if (watches(o)) {
            const { clientAddress: address, helo: name } = q.session;
            const known = yield* clients.seen(
              q.account.id,
              { address, name },
              q.at - o.unusual.withinMs,
            );
            // the first client of all is as good as any
            const odd = [
              ...(known.any && o.unusual.address && !known.address ? ["address"] : []),
              ...(known.any && o.unusual.name && !known.name ? ["name"] : []),
            ];
            if (odd.length > 0) {
              doubt("hold.client", `sent from a client with an unusual ${odd.join(" and ")}`, {
                client: address,
                helo: name,
              });
            }
          }
          return found;
        }),
        note: Effect.fnUntraced(function* (q: HoldQuestion, rules: ReadonlySet<string>) {
          if (o.burst !== null && !rules.has("hold.burst")) {
            yield* correspondents.note(q.account.id, q.recipients, q.at);
          }
          if (watches(o) && !rules.has("hold.client")) {
            const { clientAddress: address, helo: name } = q.session;
            yield* clients.note(q.account.id, { address, name }, q.at);
          }
        }),
      };
    }),
  );
};

/** Undo for every client: a while in which a message can be called back. */
const graceOf = (o: HoldSettings, q: HoldQuestion): FoundHold | null => {
  const ms = o.grace.accounts.get(addressKey(q.account.primary)) ?? o.grace.ms;
  return ms === 0 ? null : {
    rule: "hold.grace",
    facts: { seconds: ms / 1000 },
    hold: {
      reason: "time to call it back",
      until: q.at + ms,
      then: "release",
      notify: o.grace.notify,
    },
  };
};
