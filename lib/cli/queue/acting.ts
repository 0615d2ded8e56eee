/** Shared by the commands that change the queue: which messages they select, and what they print. */
import { Clock, Effect, Option } from "effect";
import { Argument, Flag } from "effect/cli";
import { type Change, type Changed, type Selection, SpoolAdmin } from "../../ports/spool_admin.ts";
import { failed, misused } from "../../app/failure.ts";
import { selecting, selectionFlags } from "./selection.ts";
import { json } from "../root.ts";
import { print, printJson } from "../terminal.ts";

export const id = Argument.String("queue-id").pipe(
  Argument.withDescription("As the reply to the message and `queue list` name it"),
);

export const flag = (name: string, what: string) =>
  Flag.Boolean(name).pipe(Flag.withDefault(false), Flag.withDescription(what));

export const which = {
  id: id.pipe(Argument.optional),
  all: flag("all", "All messages that the command applies to"),
  ...selectionFlags,
  dryRun: flag("dry-run", "Only tell what it would touch"),
  json,
};
export type Which = Parameters<typeof selecting>[0] & {
  readonly id: Option.Option<string>;
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
};

/** At least one thing must say which messages are meant. */
export const meant = Effect.fnUntraced(function* (name: string, a: Which) {
  const selection: Selection = {
    ...yield* selecting(a, yield* Clock.currentTimeMillis),
    ...Option.isSome(a.id) ? { id: a.id.value } : {},
  };
  const some = Object.keys(selection).length > 0;
  if (some === a.all) {
    return yield* misused(
      `queue ${name}: say which messages, by a queue id or by --sender, --recipient, --domain, ` +
        "--hop, --account, --older or --newer, or --all and nothing else",
    );
  }
  return selection;
});

export const perform = Effect.fnUntraced(function* (name: string, change: Change, a: Which) {
  const selection = yield* meant(name, a);
  const { dryRun } = a;
  const changed = yield* SpoolAdmin.use((s) => s.change(change, selection, { dryRun }));
  yield* report(changed, a, change._tag);
});

export const many = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

/** Nothing touched in one message is a failure, so that scripts see a wrong id. */
export const report = Effect.fnUntraced(function* (
  c: Changed,
  a: Pick<Which, "id" | "dryRun" | "json">,
  what: Change["_tag"],
) {
  if (c.recipients === 0 && Option.isSome(a.id)) return yield* whyNothing(a.id.value);
  const underWay = a.dryRun ? 0 : yield* onTheWire(c, what);
  if (a.json) return yield* printJson({ dryRun: a.dryRun, ...c, underWay });
  yield* print(
    `${a.dryRun ? "would touch" : DONE[what]} ${many(c.recipients, "recipient")} of ${
      many(c.messages.length, "message")
    }`,
    ...a.dryRun ? c.messages.slice(0, SHOWN_IDS).map((m) => `  ${m}`) : [],
    ...a.dryRun && c.messages.length > SHOWN_IDS ? ["  ..."] : [],
    ...underWay === 0 ? [] : [
      `${many(underWay, "recipient")} may be on the wire at this moment: ${AND_THEN[what]}`,
    ],
  );
});

/** A message that is not there, or for which it is too late or too early. */
const whyNothing = Effect.fnUntraced(function* (id: string) {
  const found = yield* SpoolAdmin.use((s) => s.show(id));
  if (found === null) return yield* failed(`nothing to do: ${id} is unknown`);
  const states = [...new Set(found.recipients.map((r) => r.state))].join(", ");
  return yield* failed(`nothing to do: the recipients selected of ${id} are ${states}`);
});

const DONE: Readonly<Record<Change["_tag"], string>> = {
  Hold: "held",
  Remove: "took out",
  Release: "released",
  Retry: "due now:",
  Reroute: "rerouted",
  Edit: "changed",
};

const LATE = "recipients that it still reaches are recorded as delivered";
const TWICE = "recipients that it still reaches may get it once more";
const AND_THEN: Readonly<Record<Change["_tag"], string>> = {
  Hold: LATE,
  Remove: LATE,
  Release: TWICE,
  Retry: TWICE,
  Reroute: TWICE,
  Edit: TWICE,
};

const LOOKS = 15;

/** How many the running server did not let go of, which it does within about a second where it has not begun. */
const onTheWire = Effect.fnUntraced(function* (c: Changed, what: Change["_tag"]) {
  if (c.leased === 0 || (what !== "Hold" && what !== "Remove")) return c.leased;
  const admin = yield* SpoolAdmin;
  let left = c.leased;
  for (let n = 0; left > 0 && n < LOOKS; n++) {
    if (n > 0) yield* Effect.sleep("200 millis");
    left = yield* admin.underWay(c.messages);
  }
  return left;
});
const SHOWN_IDS = 20;
