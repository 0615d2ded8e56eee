/** `postern queue`: the spool, over the port `SpoolAdmin`. A running server notices what is changed. */
import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { SpoolAdmin, type SpoolError } from "../ports/spool.ts";
import { adminLayer } from "../spool/sqlite_admin.ts";
import { renderTrail } from "./explain_view.ts";
import { failed, Failure, misused, noSpool } from "./failure.ts";
import { configOf } from "./places.ts";
import { detailJson, detailLines, entryJson, entryLines } from "./queue_view.ts";
import { json, root } from "./root.ts";
import { colour, print, printJson } from "./terminal.ts";
import { vouchFor } from "./vouch.ts";
import { readStoredTrail } from "./stored_trail.ts";

/** Runs `work` on the spool of the configuration in force; a spool that does not exist yet is not made. */
const onSpool = (
  work: Effect.Effect<
    void,
    SpoolError | Failure,
    SpoolAdmin | Command.CommandContext<"postern">
  >,
): Effect.Effect<void, Failure, Command.CommandContext<"postern">> =>
  Effect.gen(function* () {
    const { config } = yield* root;
    const { path } = (yield* configOf(config)).spool;
    const there = yield* Effect.promise(() => Deno.stat(path).then(() => true, () => false));
    if (!there) return yield* failed(`there is no spool in ${path} yet: the server has not run`);
    yield* work.pipe(
      Effect.provide(adminLayer(path)),
      Effect.mapError((e) => e instanceof Failure ? e : noSpool(path)(e)),
    );
  });

const id = Argument.String("queue-id").pipe(
  Argument.withDescription("As the reply to the message and `queue list` name it"),
);

const all = (what: string) =>
  Flag.Boolean("all").pipe(Flag.withDefault(false), Flag.withDescription(what));

const list = Command.make(
  "list",
  { all: all("Finished messages too, as long as they are remembered"), json },
  (a) =>
    onSpool(Effect.gen(function* () {
      const entries = yield* SpoolAdmin.use((s) => s.list({ all: a.all }));
      if (a.json) return yield* printJson(entries.map(entryJson));
      yield* entries.length === 0
        ? print("the queue is empty")
        : print(...entries.flatMap(entryLines));
    })),
).pipe(Command.withDescription("List messages that are not finished"));

const show = Command.make("show", { id, json }, (a) =>
  onSpool(Effect.gen(function* () {
    const detail = yield* SpoolAdmin.use((s) => s.show(a.id));
    if (detail === null) return yield* failed(`there is no message ${a.id}`);
    if (a.json) return yield* printJson(detailJson(detail));
    const view = { colour: yield* colour };
    yield* print(...detailLines(detail), ...renderTrail(readStoredTrail(detail.trail), view));
  }))).pipe(Command.withDescription("Show a message with the trail of its acceptance"));

type Change = "retry" | "hold" | "release";

/** `name` on one message or on all of them. */
const change = (name: Change, description: string) =>
  Command.make(
    name,
    { id: id.pipe(Argument.optional), all: all("All messages that it can be done to"), json },
    (a) =>
      onSpool(Effect.gen(function* () {
        if (Option.isSome(a.id) === a.all) {
          return yield* misused(`queue ${name}: give either a queue id or --all`);
        }
        const which = Option.getOrElse(a.id, () => "all");
        if (name === "release" && isToken(which)) return yield* redeem(which, name, a.json);
        if (name === "release" && which !== "all") yield* vouch(which);
        yield* report(which, yield* SpoolAdmin.use((s) => s[name](which)), a.json);
      })),
  ).pipe(Command.withDescription(description));

/** Before it is let go: then nothing says any more why it was held. */
const vouch = (id: string) =>
  Effect.gen(function* () {
    const detail = yield* SpoolAdmin.use((s) => s.show(id));
    if (detail?.hold) yield* vouchFor(yield* configOf((yield* root).config), detail);
  });

/** By the token of the note to the owner; good once. */
const isToken = (text: string): boolean => text.startsWith("hold-");

const redeem = (token: string, then: "release" | "cancel", asJson: boolean) =>
  Effect.gen(function* () {
    const id = yield* SpoolAdmin.use((s) => s.heldBy(token));
    if (id !== null && then === "release") yield* vouch(id);
    const touched = yield* SpoolAdmin.use((s) => s.redeem(token, then));
    if (touched === 0) {
      return yield* failed("this token holds nothing: it was used, or what it was for is over");
    }
    yield* report("all", touched, asJson);
  });

const cancel = Command.make("cancel", {
  token: Argument.String("token").pipe(
    Argument.withDescription("Of the note about a held message"),
  ),
  json,
}, (a) => onSpool(redeem(a.token, "cancel", a.json))).pipe(
  Command.withDescription("Call a held message back by its token: it is taken out, undelivered"),
);

const remove = Command.make("remove", { id, json }, (a) =>
  onSpool(Effect.gen(function* () {
    yield* report(a.id, yield* SpoolAdmin.use((s) => s.remove(a.id)), a.json);
  }))).pipe(Command.withDescription("Take a message out, undelivered and without a bounce"));

/** Nothing touched in one message is a failure, so that scripts see a wrong id. */
const report = Effect.fnUntraced(function* (which: string, recipients: number, asJson: boolean) {
  if (recipients === 0 && which !== "all") {
    return yield* failed(`nothing to do: ${which} is unknown, or not in a state for this`);
  }
  yield* asJson
    ? printJson({ recipients })
    : print(`${recipients} ${recipients === 1 ? "recipient" : "recipients"}`);
});

export const queueCommand = Command.make("queue").pipe(
  Command.withDescription("What is on its way"),
  Command.withSubcommands([
    list,
    show,
    change("retry", "Try again now"),
    change("hold", "Keep from being tried"),
    change("release", "Let held recipients go on: by queue id, or by the token of the note"),
    cancel,
    remove,
  ]),
);
