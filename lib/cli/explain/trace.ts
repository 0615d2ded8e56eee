/** `postern trace`: what was decided on a submission, by the id in its reply; and what Received sealed. */
import { Clock, Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import type { Config } from "../../config/config.ts";
import { Records, type SubmissionRecord } from "../../ports/records.ts";
import type { QueueDetail } from "../../ports/spool.ts";
import { SpoolAdmin } from "../../ports/spool_admin.ts";
import { newKeyLine } from "../../trace/seal.ts";
import { adminLayer } from "../../spool/sqlite_admin.ts";
import { renderTrail } from "../explain_view.ts";
import { failed, type Failure, misused, noSpool, reasonOf } from "../../app/failure.ts";
import { configOf, placeOf } from "../../app/config_file.ts";
import { forecastOf } from "../queue/forecast.ts";
import { detailJson, detailLines } from "../queue/view.ts";
import { recordJson, recordLines } from "./record_view.ts";
import { withRecords } from "../../app/records_of.ts";
import { json, root } from "../root.ts";
import { sealerIn } from "../../app/seal_key.ts";
import { readStoredTrail } from "../../stages/stored_trail.ts";
import { colour, print, printJson } from "../terminal.ts";

/** Of the spool; null where it is not there, or there is no spool yet. */
const queued = (config: Config, id: string): Effect.Effect<QueueDetail | null, Failure> =>
  Effect.gen(function* () {
    const { path } = config.spool;
    if (path === null) return null;
    const there = yield* Effect.promise(() => Deno.stat(path).then(() => true, () => false));
    if (!there) return null;
    return yield* SpoolAdmin.use((s) => s.show(id)).pipe(
      Effect.provide(adminLayer(path)),
      Effect.mapError(noSpool(path)),
    );
  });

const recorded = (config: Config, id: string): Effect.Effect<SubmissionRecord | null, Failure> =>
  withRecords(config, Records.use((r) => r.find(id)));

const show = Command.make("show", {
  id: Argument.String("id").pipe(
    Argument.withDescription("As a reply named it: `queued as ID`, `Trace id ID`"),
  ),
  json,
}, (a) =>
  Effect.gen(function* () {
    const config = yield* configOf((yield* root).config);
    const message = yield* queued(config, a.id);
    if (message !== null) {
      const forecast = forecastOf(message, config.queue, yield* Clock.currentTimeMillis);
      if (a.json) return yield* printJson(detailJson(message, forecast));
      const trail = renderTrail(readStoredTrail(message.trail), { colour: yield* colour });
      return yield* print(...detailLines(message, forecast), ...trail);
    }
    const record = yield* recorded(config, a.id);
    if (record === null) {
      return yield* failed(`nothing is known of ${a.id}: a wrong id, or too long ago`);
    }
    if (a.json) return yield* printJson(recordJson(record));
    yield* print(...recordLines(record, { colour: yield* colour }));
  })).pipe(Command.withDescription("Show the decisions on a submission, and their reasons"));

const unseal = Command.make("unseal", {
  token: Argument.String("token").pipe(
    Argument.atLeast(1),
    Argument.withDescription("What stands behind `sealed` in a Received field; it may be folded"),
  ),
  keyFile: Flag.String("key-file").pipe(
    Flag.optional,
    Flag.withDescription("Default: seal_key_file of [headers]"),
  ),
}, (a) =>
  Effect.gen(function* () {
    const path = Option.isSome(a.keyFile)
      ? yield* placeOf(a.keyFile.value)
      : (yield* configOf((yield* root).config)).sealKeyFile;
    if (path === null) return yield* misused("there is no key: set seal_key_file of [headers]");
    const sealer = yield* sealerIn(path);
    const text = sealer.unseal(a.token.join("").replace(/^\(?sealed\s*/, ""));
    if (text === null) return yield* failed("not a token of this site, or incomplete");
    yield* print(text);
  })).pipe(Command.withDescription("Open the token of a Received field, for an abuse report"));

const newKey = Command.make("new-key", {
  file: Argument.String("file").pipe(Argument.withDescription("Put on top of it, or made")),
}, (a) =>
  Effect.gen(function* () {
    const path = yield* placeOf(a.file);
    yield* Effect.try({
      try: () => {
        const old = readIfThere(path);
        const temporary = `${path}.${crypto.randomUUID()}`;
        Deno.writeTextFileSync(temporary, `${newKeyLine()}\n${old}`, { mode: 0o600 });
        Deno.renameSync(temporary, path);
      },
      catch: (e) => failed(`${path}: ${reasonOf(e)}`),
    });
    yield* print(`${path}: a new key seals from the next start on; older ones still open`);
  })).pipe(
    Command.withDescription("Make a new sealing key; older keys in the file still open tokens"),
  );

const readIfThere = (path: string): string => {
  try {
    return Deno.readTextFileSync(path);
  } catch (e) {
    if (e instanceof Deno.errors.NotFound) return "";
    throw e;
  }
};

export const traceCommand = Command.make("trace").pipe(
  Command.withDescription("What was decided on a submission"),
  Command.withSubcommands([show, unseal, newKey]),
);

const SUBCOMMANDS: ReadonlySet<string> = new Set(["show", "unseal", "new-key"]);

/** `postern trace ID` is short for `postern trace show ID`. */
export const expandTrace = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const at = args.indexOf("trace");
  const next = args[at + 1];
  // whatever is no subcommand is an id, if perhaps a mistyped one: `show` says that it is not known
  return at >= 0 && next !== undefined && !next.startsWith("-") && !SUBCOMMANDS.has(next)
    ? [...args.slice(0, at + 1), "show", ...args.slice(at + 1)]
    : args;
};
