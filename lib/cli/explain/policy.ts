/** `postern policy replay`: what another configuration would have done with what was recorded. Stores nothing. */
import { Clock, Effect, Layer } from "effect";
import { Command, Flag } from "effect/cli";
import { accountsLayer } from "../../accounts/sqlite.ts";
import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/read/load.ts";
import { Ids } from "../../ports/ids.ts";
import { Records, type SubmissionRecord } from "../../ports/records.ts";
import { noSigner } from "../../ports/signer.ts";
import { summary } from "../../reply/reply.ts";
import { pipeline } from "../../stages/pipeline.ts";
import { type Policies, policyLayer } from "../../stages/policy.ts";
import { nobodyAsked } from "./explain.ts";
import { badConfig, Failure, misused, noAccounts } from "../../app/failure.ts";
import { configOf, placeOf } from "../../app/config_file.ts";
import { policyCheck } from "./policy_check.ts";
import { withRecords } from "../../app/records_of.ts";
import { type Change, changeJson, changeLines, type Outcome } from "./replay_view.ts";
import { json, root } from "../root.ts";
import { badPolicy, siteOf } from "../../app/site_of.ts";
import { print, printJson, remark } from "../terminal.ts";

const UNIT: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

const spanOf = (text: string): Effect.Effect<number, Failure> => {
  const [, n, unit = ""] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  const ms = UNIT[unit];
  return n === undefined || ms === undefined
    ? Effect.fail(misused(`--since ${JSON.stringify(text)}: say 30m, 12h or 7d`))
    : Effect.succeed(Number(n) * ms);
};

/** Ids that are the same in both runs. */
const fixedIds = Layer.succeed(Ids, { queueId: () => "replayed", messageIdLeft: () => "replayed" });

/** What a configuration makes of records; the accounts are those of now. */
const outcomes = (
  config: Config,
  policies: Policies,
  records: ReadonlyArray<SubmissionRecord>,
): Effect.Effect<ReadonlyArray<Outcome | null>, Failure> =>
  Effect.forEach(records, (r) => outcomeOf(config, r)).pipe(
    Effect.provide(Layer.mergeAll(
      accountsLayer({ ...config.accounts, readOnly: true }),
      policyLayer(policies, config),
      fixedIds,
      nobodyAsked,
      noSigner,
      siteOf(config, false),
    )),
    Effect.mapError((e) =>
      e._tag === "PolicyFileFault" ? badPolicy(e) : noAccounts(config.accounts.path)(e)
    ),
  );

/** Null where MAIL or RCPT was refused: there is no message to judge. */
const outcomeOf = Effect.fnUntraced(function* (config: Config, r: SubmissionRecord) {
  const m = r.message;
  if (m === null) return null;
  return yield* pipeline({
    _tag: "Received",
    id: "replayed",
    receivedAt: r.at,
    session: r.session,
    hostname: config.hostname,
    login: r.account,
    credential: r.credential,
    envelope: m.envelope,
    head: m.head,
    hasBody: m.hasBody,
    body: m.body,
    trail: [],
  }).pipe(
    Effect.map((s): Outcome => ({
      reply: s.hold === undefined ? "accepted" : `accepted and held: ${s.hold.reason}`,
      rule: null,
      leaving: s.leaving,
    })),
    Effect.catchTag("Refusal", (e) =>
      Effect.succeed<Outcome>({
        reply: summary(e.reply),
        rule: e.trail.at(-1)?.rule ?? null,
        leaving: null,
      })),
    // no body is there to be stored
    Effect.catchTag(["SpoolFull", "SpoolFault"], Effect.die),
  );
});

const NOT_RECORDED =
  "accepted submissions are not recorded: only refused ones are judged here; set accepted = true in [records] to have both";

const replay = (policies: Policies) =>
  Command.make("replay", {
    since: Flag.String("since").pipe(
      Flag.withDefault("7d"),
      Flag.withDescription("How far back: 30m, 12h, 7d"),
    ),
    against: Flag.String("against").pipe(
      Flag.withAlias("n"),
      Flag.withDescription("The configuration to try; `--config` is the one in force"),
    ),
    json,
  }, (a) =>
    Effect.gen(function* () {
      const now = yield* configOf((yield* root).config);
      const next = yield* loadConfig(yield* placeOf(a.against)).pipe(Effect.mapError(badConfig));
      const from = (yield* Clock.currentTimeMillis) - (yield* spanOf(a.since));
      const records = yield* withRecords(now, Records.use((r) => r.since(from)));
      const [before, after] = [
        yield* outcomes(now, policies, records),
        yield* outcomes(next, policies, records),
      ];
      const changes = records.flatMap((record, i): ReadonlyArray<Change> => {
        const [b, c] = [before[i] ?? null, after[i] ?? null];
        return b === null || c === null || (b.reply === c.reply && b.leaving === c.leaving)
          ? []
          : [{ record, before: b, after: c }];
      });
      const judged = before.filter((o) => o !== null).length;
      // of the configuration in force: it is its server that writes the records
      if (!now.records.accepted) yield* remark(`postern: ${NOT_RECORDED}`);
      yield* a.json
        ? printJson({
          version: 1,
          submissions: judged,
          ...(now.records.accepted ? {} : { notice: NOT_RECORDED }),
          changes: changes.map(changeJson),
        })
        : print(
          ...changes.flatMap(changeLines),
          `${judged} submissions, ${changes.length} would change`,
        );
      if (changes.length > 0) return yield* new Failure({ lines: [], exitCode: 1 });
    })).pipe(
      Command.withDescription(
        "List recorded submissions that another configuration would judge or change otherwise; " +
          "exit status 0 none, 1 some",
      ),
    );

export const policyCommand = (policies: Policies) =>
  Command.make("policy").pipe(
    Command.withDescription("What a site decides"),
    Command.withSubcommands([policyCheck, replay(policies)]),
  );
