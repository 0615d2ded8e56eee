/** `postern queue`: the spool, over the port `SpoolAdmin`. A running server notices what is changed. */
import { Clock, Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { parseMailbox } from "../../address/path.ts";
import type { Config } from "../../config/config.ts";
import { rerouteTo } from "../../config/read/reroute.ts";
import { hopKey, OWN_MAIL } from "../../ports/routes.ts";
import { Records } from "../../ports/records.ts";
import { DELIVERY_STATES } from "../../ports/spool.ts";
import { type Change, SpoolAdmin } from "../../ports/spool_admin.ts";
import type { Policies } from "../../stages/policy.ts";
import { withRecords } from "../../app/records_of.ts";
import { renderTrail } from "../explain_view.ts";
import { failed, misused } from "../../app/failure.ts";
import { limitsOf } from "./hop_limits.ts";
import { onSpool } from "../on_spool.ts";
import { flag, id, many, meant, perform, report, which } from "./acting.ts";
import { forecastOf } from "./forecast.ts";
import { copies, takeOver } from "./copies.ts";
import { cancel, release } from "./release.ts";
import { selecting, selectionFlags } from "./selection.ts";
import { countLines, detailJson, detailLines, entryJson, entryLines } from "./view.ts";
import { json } from "../root.ts";
import { colour, print, printJson, printNow, printOctets } from "../terminal.ts";
import { visibleJson } from "../../app/visible.ts";
import { readStoredTrail } from "../../stages/stored_trail.ts";

const limit = Flag.Int("limit").pipe(
  Flag.withDefault(1000),
  Flag.withDescription("Messages to show at most; 0: all"),
);

const state = Flag.String("state").pipe(
  Flag.optional,
  Flag.withDescription(
    `By state of a recipient: ${DELIVERY_STATES.join(", ")}; or several of them`,
  ),
);

/** Null: none was named. */
const statesOf = Effect.fnUntraced(function* (given: Option.Option<string>) {
  if (Option.isNone(given)) return null;
  const names = given.value.split(/[\s,]+/).filter((s) => s !== "");
  const states = DELIVERY_STATES.filter((s) => names.includes(s));
  return names.length > 0 && states.length === new Set(names).size
    ? states
    : yield* misused(`queue list: --state must be of ${DELIVERY_STATES.join(", ")}`);
});

const content = flag(
  "content",
  "Only what is stored of the message itself, as it is: also of a damaged one",
);

const LINES_AT_ONCE = 500;

const list = Command.make(
  "list",
  {
    all: flag("all", "Also finished messages, as long as they are kept"),
    limit,
    ...selectionFlags,
    state,
    json,
  },
  (a) =>
    onSpool(() =>
      Effect.gen(function* () {
        const admin = yield* SpoolAdmin;
        const states = yield* statesOf(a.state);
        const selection = {
          ...yield* selecting(a, yield* Clock.currentTimeMillis),
          ...states === null ? {} : { states },
        };
        if (a.limit < 0) return yield* misused("queue list: --limit must be 0 or more");
        let shown = 0;
        const lines: Array<string> = [];
        const flush = (): void => lines.length === 0 ? undefined : printNow(...lines.splice(0));
        const more = yield* admin.walk({
          all: a.all || states !== null,
          selection,
          ...a.limit === 0 ? {} : { limit: a.limit },
        }, (e) => {
          const before = shown++ === 0 ? "[" : ",";
          if (a.json) lines.push(before + visibleJson(JSON.stringify(entryJson(e))));
          else lines.push(...entryLines(e));
          if (lines.length >= LINES_AT_ONCE) flush();
        });
        flush();
        if (a.json) return yield* print(shown === 0 ? "[]" : "]");
        if (shown === 0) return yield* print("nothing in the queue");
        if (more > 0) yield* print(`and ${more} more: --limit 0 shows all of them`);
      })
    ),
).pipe(Command.withDescription("List unfinished messages, oldest first"));

const count = Command.make("count", { json }, (a) =>
  onSpool(() =>
    Effect.gen(function* () {
      const counts = yield* Effect.flatMap(SpoolAdmin, (s) => s.count);
      yield* a.json ? printJson(counts) : print(...countLines(counts));
    })
  )).pipe(Command.withDescription("Count recipients by next hop and state"));

const show = (policies: Policies) =>
  Command.make("show", { id, json, content }, (a) =>
    onSpool((config) =>
      Effect.gen(function* () {
        if (a.content) return yield* printContent(a.id);
        const detail = yield* SpoolAdmin.use((s) => s.show(a.id));
        if (detail === null) return yield* failed(yield* notThere(config, a.id));
        const forecast = forecastOf(detail, config.queue, yield* Clock.currentTimeMillis);
        const limits = limitsOf(detail, config, policies);
        if (a.json) return yield* printJson(detailJson(detail, forecast, limits));
        const view = { colour: yield* colour };
        const trail = renderTrail(readStoredTrail(detail.trail), view);
        yield* print(...detailLines(detail, forecast, limits), ...trail);
      })
    )).pipe(
      Command.withDescription(
        "Where a message is, why, and what happens next; how it was accepted",
      ),
    );

/** Octets as they are stored, to standard output; what is missing of them is told besides. */
const printContent = Effect.fnUntraced(function* (id: string) {
  let lost = 0;
  const admin = yield* SpoolAdmin;
  const found = yield* admin.content(id, (piece) => {
    if (piece === null) lost++;
    else printOctets(piece);
  });
  if (!found) return yield* failed(`there is no message ${id} in the spool`);
  if (lost > 0) {
    return yield* failed(
      `${many(lost, "piece")} of the message cannot be read: what was printed is not all`,
    );
  }
});

/** What was passed through was never in the spool. */
const notThere = (config: Config, id: string) =>
  withRecords(config, Records.use((r) => r.find(id))).pipe(
    Effect.orElseSucceed(() => null),
    Effect.map((record) =>
      record === null
        ? `there is no message ${id}`
        : `there is no message ${id} in the spool; \`postern trace ${id}\` tells what became of it`
    ),
  );

const plain = (name: "retry" | "hold" | "remove", description: string) => {
  const change: Change = { _tag: CHANGE[name] };
  return Command.make(name, which, (a) => onSpool(() => perform(name, change, a))).pipe(
    Command.withDescription(description),
  );
};
const CHANGE = { retry: "Retry", hold: "Hold", remove: "Remove" } as const;

const reroute = Command.make(
  "reroute",
  {
    ...which,
    via: Flag.String("via").pipe(
      Flag.withDescription('The next hop, written as `via` of a route; "routes": as configured'),
    ),
  },
  (a) =>
    onSpool((config) =>
      Effect.gen(function* () {
        if (a.via === "routes") {
          return yield* perform("reroute", { _tag: "Reroute", via: null }, a);
        }
        const to = rerouteTo(a.via, config.routes);
        if ("fault" in to) return yield* misused(`queue reroute: --via ${to.fault}`);
        const { hop } = to.rule;
        const key = hop._tag === "MxOfRecipient" ? "mx" : hopKey(hop);
        const via = { text: a.via, hop: key };
        yield* perform("reroute", { _tag: "Reroute", via }, a);
      })
    ),
).pipe(Command.withDescription("Send to another next hop than the routes say"));

const edit = (policies: Policies) =>
  Command.make(
    "edit",
    {
      id: id.pipe(Argument.optional),
      all: flag("all", "In every unfinished message"),
      from: Flag.String("from").pipe(Flag.withDescription("The recipient as it is")),
      to: Flag.String("to").pipe(Flag.withDescription("The recipient as it shall be")),
      ...selectionFlags,
      dryRun: which.dryRun,
      json,
    },
    (a) =>
      onSpool((config) =>
        Effect.gen(function* () {
          const to = parseMailbox(a.to);
          if (to === null || parseMailbox(a.from) === null) {
            return yield* misused("queue edit: --from and --to must be addresses");
          }
          const route = policies.routes(config.routes)(to, OWN_MAIL);
          if (route === null) return yield* failed(`no route leads to ${a.to}`);
          const change: Change = { _tag: "Edit", to, hop: hopKey(route.hop) };
          const selection = { ...yield* meant("edit", a), recipient: a.from.replaceAll("*", "") };
          const { dryRun } = a;
          yield* report(
            yield* SpoolAdmin.use((s) => s.change(change, selection, { dryRun })),
            a,
            change._tag,
          );
        })
      ),
  ).pipe(Command.withDescription("Replace one recipient by another"));

export const queueCommand = (policies: Policies) =>
  Command.make("queue").pipe(
    Command.withDescription("What is on its way"),
    Command.withSubcommands([
      list,
      count,
      show(policies),
      plain("retry", "Try again now"),
      plain("hold", "Keep from being tried"),
      release,
      cancel,
      reroute,
      edit(policies),
      copies,
      takeOver,
      plain("remove", "Remove messages, undelivered and without a bounce"),
    ]),
  );
