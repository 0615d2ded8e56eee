/** Holds instead of refusals: whether a submission waits, by the site's rules of company, place and grace. */
import { Effect } from "effect";
import type { AccountsUnavailable } from "../ports/accounts.ts";
import { type HoldQuestion, Holds } from "../ports/holds.ts";
import { held } from "./hold.ts";
import type { Attributed, Signed, Stage } from "./submission.ts";

/** Nothing at all where no rule is configured. */
export const considerHold: Stage<Attributed, Attributed, AccountsUnavailable, Holds> = (s) =>
  Effect.flatMap(
    Holds,
    (holds) =>
      holds === null || s.discard === true ? Effect.succeed(s) : Effect.map(
        holds.consider(holdQuestion(s)),
        (found) => found.reduce((now, f) => held(now, "hold", f.rule, f.hold, f.facts), s),
      ),
  );

export const holdQuestion = (s: Attributed | Signed): HoldQuestion => ({
  account: s.account,
  session: s.session,
  recipients: s.envelope.recipients.map((r) => r.mailbox),
  at: s.receivedAt,
});
