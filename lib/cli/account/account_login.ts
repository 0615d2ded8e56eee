/** `postern account minimum` and `certificate`: how an account may sign in besides its password. */
import { Effect } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { X509Certificate } from "node:crypto";
import { STRENGTHS } from "../../envelope/strength.ts";
import { AccountsAdmin } from "../../ports/accounts_admin.ts";
import { fingerprintOf } from "../../tls/client_certificate.ts";
import { address, onAccounts, show } from "./account_store.ts";
import { accountOf } from "../find_account.ts";
import { failed, type Failure, misused } from "../../app/failure.ts";
import { placeOf } from "../../app/config_file.ts";
import { json } from "../root.ts";

export const minimum = Command.make("minimum", {
  address,
  mechanism: Argument.Literals("mechanism", STRENGTHS).pipe(
    Argument.withDescription(
      "The weakest mechanism allowed; those after it in this list are stronger",
    ),
  ),
  json,
}, (a) =>
  onAccounts(Effect.gen(function* () {
    const { id } = yield* accountOf(a.address);
    yield* show(yield* AccountsAdmin.use((admin) => admin.setMinimum(id, a.mechanism)), a.json);
  }))).pipe(Command.withDescription("Refuse weaker ways to sign in"));

const HEX = /^(?:[0-9a-f]{64}|[0-9a-f]{2}(?::[0-9a-f]{2}){31})$/i;

/** SHA-256 of a certificate: given in hex as openssl prints it, or taken from a PEM file. */
const fingerprint = (text: string): Effect.Effect<string, Failure> => {
  if (HEX.test(text)) return Effect.succeed(text.replaceAll(":", "").toLowerCase());
  return Effect.flatMap(placeOf(text), (path) =>
    Effect.try({
      try: () =>
        fingerprintOf(new Uint8Array(new X509Certificate(Deno.readTextFileSync(path)).raw)),
      catch: (e) =>
        e instanceof Deno.errors.NotFound
          ? misused(`${JSON.stringify(text)} is neither a SHA-256 fingerprint nor a file`)
          : failed(`${path}: holds no certificate in PEM form that can be read`),
    }));
};

const several = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.atLeast(0), Flag.withDescription(description));

export const certificate = Command.make("certificate", {
  address,
  add: several(
    "add",
    "A client certificate of the account: PEM file, or SHA-256 in hex",
  ),
  remove: several("remove", "One that does so no longer"),
  json,
}, (a) =>
  onAccounts(Effect.gen(function* () {
    const account = yield* accountOf(a.address);
    const added = yield* Effect.forEach(a.add, fingerprint);
    const removed = new Set(yield* Effect.forEach(a.remove, fingerprint));
    const strangers = [...removed].filter((f) => !account.certificates.includes(f));
    if (strangers.length > 0) {
      return yield* failed(`${account.id} has no certificate ${strangers.join(", ")}`);
    }
    const wanted = [...account.certificates, ...added].filter((f) => !removed.has(f));
    const now = wanted.length === account.certificates.length && added.length === 0
      ? account
      : yield* AccountsAdmin.use((admin) => admin.setCertificates(account.id, wanted));
    yield* show(now, a.json);
  }))).pipe(Command.withDescription("Show or change the client certificates of an account"));
