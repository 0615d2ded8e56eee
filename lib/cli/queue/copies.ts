/**
 * `postern queue copies` and `take-over`: copies that this server keeps for others, and taking over from a lost
 * server.
 */
import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { parseDomainName } from "../../address/domain.ts";
import { CopiesAdmin } from "../../ports/copies.ts";
import type { SpoolError } from "../../ports/spool.ts";
import { copiesAdminLayer } from "../../spool/database/take_over.ts";
import { failed, Failure, misused, noSpool } from "../../app/failure.ts";
import { onSpool } from "../on_spool.ts";
import { flag, many } from "./acting.ts";
import { json } from "../root.ts";
import { print, printJson } from "../terminal.ts";

/** On the copies of the configuration in force. */
const onCopies = (work: Effect.Effect<void, SpoolError | Failure, CopiesAdmin>) =>
  onSpool((config) => {
    const path = config.spool.path ?? "";
    return work.pipe(
      Effect.provide(copiesAdminLayer(path)),
      Effect.mapError((e) => e instanceof Failure ? e : noSpool(path)(e)),
    );
  });

const force = flag("force", "Although that server is connected, and delivers them itself");
const dryRun = flag("dry-run", "Only tell what it would touch");

const nodeOf = (text: string) => {
  const name = parseDomainName(text);
  return name === null
    ? misused(`${JSON.stringify(text)} is no host name`)
    : Effect.succeed(name.ascii);
};

const stillThere = (node: string) =>
  failed(
    `${node} is connected to this server, or was a moment ago, and delivers them itself: stop it first and wait ` +
      "half a minute, or use --force, after which messages may arrive twice",
  );

/** A name that is mistyped must not look like success. */
const nothingFor = Effect.fnUntraced(function* (node: string) {
  const all = yield* CopiesAdmin.use((c) => c.kept);
  const others = all.map((c) => c.origin).join(", ");
  return yield* failed(
    `no copies are kept here for ${node}${others === "" ? "" : `; there are some for ${others}`}`,
  );
});

const drop = Effect.fnUntraced(function* (
  given: string,
  o: { readonly dryRun: boolean; readonly force: boolean; readonly json: boolean },
) {
  const node = yield* nodeOf(given);
  const dropped = yield* CopiesAdmin.use((c) => c.drop(node, o));
  if (dropped === null) return yield* stillThere(node);
  if (dropped === 0) return yield* nothingFor(node);
  if (o.json) return yield* printJson({ node, dropped, dryRun: o.dryRun });
  const what = dropped === 1 ? "1 copy" : `${dropped} copies`;
  yield* print(`${o.dryRun ? "would drop" : "dropped"} ${what} for ${node}`);
});

export const copies = Command.make("copies", {
  drop: Flag.String("drop").pipe(
    Flag.optional,
    Flag.withDescription("Delete the copies of this server, undelivered: it will never come back"),
  ),
  dryRun,
  force,
  json,
}, (a) =>
  onCopies(Effect.gen(function* () {
    if (Option.isSome(a.drop)) return yield* drop(a.drop.value, a);
    const all = yield* CopiesAdmin.use((c) => c.kept);
    if (a.json) {
      return yield* printJson(
        all.map(({ origin, oldest, ...c }) => ({
          node: origin,
          ...c,
          oldest: new Date(oldest).toISOString(),
        })),
      );
    }
    if (all.length === 0) return yield* print("no copies are kept here");
    yield* print(...all.map((c) =>
      `${c.origin}  ${many(c.messages, "message")}, ${c.octets} octets, the oldest of ${
        new Date(c.oldest).toISOString()
      }; ${c.connected ? "connected" : "not connected"}`
    ));
  }))).pipe(Command.withDescription("Count the copies that are kept for other servers"));

export const takeOver = Command.make("take-over", {
  node: Argument.String("node").pipe(
    Argument.withDescription("Hostname of the server that is gone, as `queue copies` names it"),
  ),
  dryRun,
  force,
  json,
}, (a) =>
  onCopies(Effect.gen(function* () {
    const node = yield* nodeOf(a.node);
    const taken = yield* CopiesAdmin.use((c) => c.takeOver(node, a));
    if (taken === null) return yield* stillThere(node);
    if (taken.messages.length === 0) return yield* nothingFor(node);
    if (a.json) return yield* printJson({ node, dryRun: a.dryRun, ...taken });
    yield* print(
      `${a.dryRun ? "would take over" : "took over"} ${many(taken.messages.length, "message")} to ${
        many(taken.recipients, "recipient")
      } from ${node}`,
    );
  }))).pipe(
    Command.withDescription("Deliver from here the copies of a server that is lost"),
  );
