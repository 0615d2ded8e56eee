/** `postern dkim key`: signing keys, from new to retired. */
import { Clock, Duration, Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { parseDomainName } from "../../address/domain.ts";
import type { Config } from "../../config/config.ts";
import { activateServed, recordOf, type Served, served } from "../../dkim/activate.ts";
import {
  activated,
  addKey,
  type KeyEntry,
  readIndex,
  removeKey,
  writeIndex,
} from "../../dkim/key_store.ts";
import { resolverLayer } from "../../dns/resolver.ts";
import type { DkimKeyType, DkimRecord } from "../../message/dkim/dkim_record.ts";
import { keyJson, keyLine, recordJson, recordLines } from "./dkim_view.ts";
import { failed, type Failure, misused, reasonOf } from "../../app/failure.ts";
import { configOf } from "../../app/config_file.ts";
import { resolverSettings } from "../../app/resolver_settings.ts";
import { json, root } from "../root.ts";
import { print, printJson } from "../terminal.ts";

interface Place {
  readonly config: Config;
  readonly dir: string;
}

const place = Effect.gen(function* () {
  const config = yield* configOf((yield* root).config);
  return config.dkim.keys === null
    ? yield* misused("the configuration has no directory for keys: set keys of [dkim]")
    : { config, dir: config.dkim.keys };
});

/** Files and the index; what goes wrong with them is told plainly. */
const onFiles = <A>(work: () => A): Effect.Effect<A, Failure> =>
  Effect.try({ try: work, catch: (e) => failed(reasonOf(e)) });

const plainly = <A, R>(work: Effect.Effect<A, unknown, R>): Effect.Effect<A, Failure, R> =>
  Effect.mapError(work, (e) => failed(reasonOf(e)));

const domain = Argument.String("domain").pipe(Argument.withDescription("Domain in From"));
const someDomain = domain.pipe(Argument.optional);

const domainOf = (text: string): Effect.Effect<string, Failure> => {
  const d = parseDomainName(text);
  return d === null
    ? Effect.fail(misused(`${JSON.stringify(text)} is no domain name`))
    : Effect.succeed(d.ascii);
};

/** Entries of one domain, or all. */
const entriesOf = Effect.fnUntraced(function* (p: Place, wanted: Option.Option<string>) {
  const all = yield* onFiles(() => readIndex(p.dir));
  if (Option.isNone(wanted)) return all;
  const ascii = yield* domainOf(wanted.value);
  return all.filter((e) => e.domain === ascii);
});

/** How long a retired key stays in DNS: as long as a message may be queued, and a week. */
const keepMs = (config: Config): number =>
  Duration.toMillis(config.queue.expire) + Duration.toMillis(Duration.days(7));

const withRecords = (p: Place, entries: ReadonlyArray<KeyEntry>) =>
  Effect.forEach(
    entries,
    (key) => plainly(recordOf(p.dir, key)).pipe(Effect.map((record) => ({ key, record }))),
  );

const made = Effect.fnUntraced(function* (
  p: Place,
  entries: ReadonlyArray<KeyEntry>,
  asJson: boolean,
) {
  const all = yield* withRecords(p, entries);
  if (asJson) return yield* printJson(all.map(({ key, record }) => recordJson(key, record)));
  yield* print(
    ...all.flatMap(({ key, record }) => recordLines(key, record)),
    "Publish this; the server signs with it as soon as DNS serves it.",
  );
});

const KINDS: ReadonlyArray<DkimKeyType> = ["rsa", "ed25519"];

const add = Command.make("add", {
  domain,
  algorithm: Flag.Literals("algorithm", ["both", "rsa", "ed25519"]).pipe(
    Flag.withDefault("both"),
    Flag.withDescription("RSA of 2048 bits, Ed25519, or both side by side (the default)"),
  ),
  selector: Flag.String("selector").pipe(
    Flag.optional,
    Flag.withDescription("Name of the key; default: made of the month and the algorithm"),
  ),
  json,
}, (a) =>
  Effect.gen(function* () {
    const p = yield* place;
    const name = yield* domainOf(a.domain);
    const kinds = a.algorithm === "both" ? KINDS : [a.algorithm];
    const selector = Option.getOrNull(a.selector);
    if (selector !== null && kinds.length > 1) {
      return yield* misused("--selector names one key: give --algorithm with it");
    }
    if (selector !== null && !/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(selector)) {
      return yield* misused(`${JSON.stringify(selector)}: letters, digits and hyphens only`);
    }
    const now = yield* Clock.currentTimeMillis;
    const entries = yield* Effect.forEach(
      kinds,
      (kind) => onFiles(() => addKey(p.dir, name, kind, selector, now)),
    );
    yield* made(p, entries, a.json);
  })).pipe(Command.withDescription("Make a key for a domain and show what DNS must serve"));

const list = Command.make("list", { domain: someDomain, json }, (a) =>
  Effect.gen(function* () {
    const p = yield* place;
    const entries = yield* entriesOf(p, a.domain);
    const now = yield* Clock.currentTimeMillis;
    const keep = keepMs(p.config);
    if (a.json) return yield* printJson(entries.map((e) => keyJson(e, keep)));
    yield* entries.length === 0
      ? print("no keys")
      : print(...entries.map((e) => keyLine(e, keep, now)));
  })).pipe(Command.withDescription("List keys: new, active, retired"));

const rotate = Command.make("rotate", { domain, json }, (a) =>
  Effect.gen(function* () {
    const p = yield* place;
    const all = yield* entriesOf(p, Option.some(a.domain));
    const kinds = KINDS.filter((k) => all.some((e) => e.type === k && e.state === "active"));
    if (kinds.length === 0) return yield* failed(`${a.domain} has no active key`);
    const waiting = all.find((e) => e.state === "new");
    if (waiting !== undefined) {
      return yield* failed(`${waiting.selector} of ${waiting.domain} waits for DNS already`);
    }
    const name = yield* domainOf(a.domain);
    const now = yield* Clock.currentTimeMillis;
    const entries = yield* Effect.forEach(
      kinds,
      (kind) => onFiles(() => addKey(p.dir, name, kind, null, now)),
    );
    yield* made(p, entries, a.json);
  })).pipe(
    Command.withDescription(
      "Make successors of the active keys; they take over once DNS serves them",
    ),
  );

interface Told {
  readonly key: KeyEntry;
  readonly record: DkimRecord;
  readonly served: Served | null;
}

const dns = Command.make("dns", {
  domain: someDomain,
  check: Flag.Boolean("check").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Ask DNS, and activate new keys that it serves"),
  ),
  json,
}, (a) =>
  Effect.gen(function* () {
    const p = yield* place;
    const resolver = resolverLayer(resolverSettings(p.config.dns));
    if (a.check) yield* plainly(activateServed(p.dir)).pipe(Effect.provide(resolver));
    const entries = yield* entriesOf(p, a.domain);
    const told: Array<Told> = [];
    for (const one of yield* withRecords(p, entries)) {
      const said = a.check
        ? yield* served(one.key, one.record).pipe(Effect.provide(resolver))
        : null;
      told.push({ ...one, served: said });
    }
    if (a.json) {
      return yield* printJson(told.map((t) => recordJson(t.key, t.record, t.served)));
    }
    yield* print(...told.flatMap((t) => recordLines(t.key, t.record, t.served)));
    if (told.some((t) => t.served !== null && t.served._tag !== "Served")) {
      return yield* failed("not all of it is served");
    }
  })).pipe(Command.withDescription("Show what DNS must serve, as lines for a zone file"));

const selector = Argument.String("selector").pipe(Argument.withDescription("As `list` shows it"));

const keyOf = Effect.fnUntraced(function* (p: Place, name: string, wanted: string) {
  const key = (yield* entriesOf(p, Option.some(name))).find((e) => e.selector === wanted);
  return key === undefined ? yield* failed(`there is no key ${wanted} of ${name}`) : key;
});

const remove = Command.make("remove", { domain, selector, json }, (a) =>
  Effect.gen(function* () {
    const p = yield* place;
    const key = yield* keyOf(p, a.domain, a.selector);
    yield* onFiles(() => removeKey(p.dir, key));
    yield* a.json
      ? printJson({ removed: key.selector })
      : print(`removed ${key.selector} of ${key.domain}`);
  })).pipe(Command.withDescription("Delete a key that is new or retired, with its file"));

const activate = Command.make(
  "activate",
  { domain, selector, json },
  (a) =>
    Effect.gen(function* () {
      const p = yield* place;
      const key = yield* keyOf(p, a.domain, a.selector);
      const now = yield* Clock.currentTimeMillis;
      yield* onFiles(() => writeIndex(p.dir, activated(readIndex(p.dir), key, now)));
      yield* a.json
        ? printJson({ activated: key.selector })
        : print(`${key.selector} of ${key.domain} signs from now on`);
    }),
).pipe(Command.withDescription("Let a key sign without asking DNS; the one before is retired"));

export const dkimCommand = Command.make("dkim").pipe(
  Command.withDescription("DKIM signatures"),
  Command.withSubcommands([
    Command.make("key").pipe(
      Command.withDescription("Signing keys"),
      Command.withSubcommands([add, list, rotate, dns, activate, remove]),
    ),
  ]),
);
