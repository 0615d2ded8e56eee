/** `postern queue release` and `cancel`: by queue id, or by the token of the owner's notice, which works once. */
import { Effect, Option } from "effect";
import { Argument, Command } from "effect/cli";
import type { Config } from "../../config/config.ts";
import type { SpoolError } from "../../ports/spool.ts";
import { type Change, type Changed, SpoolAdmin } from "../../ports/spool_admin.ts";
import { failed, type Failure, misused } from "../../app/failure.ts";
import { onSpool } from "../on_spool.ts";
import { many, meant, perform, report, type Which, which } from "./acting.ts";
import { selecting } from "./selection.ts";
import { json } from "../root.ts";
import { remark } from "../terminal.ts";
import { learnSender } from "./learn_sender.ts";

const isToken = (text: string): boolean => text.startsWith("hold-");

/** Before it is let go: then nothing says any more why it was held. */
const vouch = (
  config: Config,
  id: string,
): Effect.Effect<void, SpoolError | Failure, SpoolAdmin> =>
  Effect.gen(function* () {
    const detail = yield* SpoolAdmin.use((s) => s.show(id));
    if (detail !== null && detail.hold !== null) yield* learnSender(config, detail);
  });

/** `dryRun`: only tells what it would touch, and the token stays good. */
const redeem = (
  config: Config,
  token: string,
  then: "release" | "cancel",
  dryRun: boolean,
): Effect.Effect<Changed, SpoolError | Failure, SpoolAdmin> =>
  Effect.gen(function* () {
    const admin = yield* SpoolAdmin;
    const id = yield* admin.heldBy(token);
    if (id !== null && dryRun) {
      const change: Change = { _tag: then === "release" ? "Release" : "Remove" };
      return yield* admin.change(change, { id }, { dryRun });
    }
    if (id !== null && then === "release") yield* vouch(config, id);
    const changed = yield* admin.redeem(token, then);
    return changed.recipients > 0 ? changed : yield* failed(
      "this token has no effect: it was used, or its hold is over",
    );
  });

/** What a start held, where it held anything; else all that is held. */
const releaseAll = Effect.fnUntraced(function* (a: Which) {
  yield* meant("release", a);
  const admin = yield* SpoolAdmin;
  const change: Change = { _tag: "Release" };
  const { dryRun } = a;
  const doubted = yield* admin.change(change, { doubted: true }, { dryRun });
  if (doubted.recipients === 0) return yield* perform("release", change, a);
  yield* report(doubted, a, "Release");
  const other = yield* admin.change(change, {}, { dryRun: true });
  const left = other.messages.filter((m) => !doubted.messages.includes(m)).length;
  if (left > 0) {
    yield* remark(
      `${many(left, "message")} that a policy or an operator holds ${
        left === 1 ? "stays" : "stay"
      } held: ` +
        "what the start of the server had held was released first; the same command once more releases the rest",
    );
  }
});

export const release = Command.make(
  "release",
  {
    ...which,
    id: Argument.String("queue-id or token").pipe(
      Argument.withDescription("A queue id, or the token of the notice about a held message"),
      Argument.optional,
    ),
  },
  (a) =>
    onSpool((config) =>
      Effect.gen(function* () {
        const id = Option.getOrNull(a.id);
        if (id !== null && isToken(id)) {
          if (a.all || Object.keys(yield* selecting(a, 0)).length > 0) {
            return yield* misused(
              "queue release: a token alone selects the message; give nothing else",
            );
          }
          return yield* report(yield* redeem(config, id, "release", a.dryRun), a, "Release");
        }
        if (id !== null && !a.dryRun) yield* vouch(config, id);
        yield* a.all ? releaseAll(a) : perform("release", { _tag: "Release" }, a);
      })
    ),
).pipe(Command.withDescription("Release held recipients, whatever holds them"));

export const cancel = Command.make("cancel", {
  token: Argument.String("token").pipe(
    Argument.withDescription("Of the note about a held message"),
  ),
  json,
}, (a) =>
  onSpool((config) =>
    Effect.flatMap(
      redeem(config, a.token, "cancel", false),
      (c) => report(c, { id: Option.none(), dryRun: false, json: a.json }, "Remove"),
    )
  )).pipe(
    Command.withDescription("Call a held message back by its token: it is removed, undelivered"),
  );
