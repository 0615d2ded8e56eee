/** Signs with the keys of a directory: the Layer behind the port `Signer`. */
import { Duration, Effect, Layer } from "effect";
import { createHash } from "node:crypto";
import type { DkimKeyType } from "../message/dkim/dkim_record.ts";
import { coveredFields } from "../message/dkim/dkim_fields.ts";
import { RelaxedBody } from "../message/dkim/dkim_relaxed.ts";
import { signatureField, type SignatureTags, signedText } from "../message/dkim/dkim_signature.ts";
import { encodeUtf8, octetsOf } from "../message/text.ts";
import {
  type BodyDigest,
  type DkimSignature,
  Signer,
  SigningFault,
  type SigningRequest,
} from "../ports/signer.ts";
import { Resolver } from "../ports/resolver.ts";
import { activateServed } from "./activate.ts";
import { signingDomains, writtenDomain } from "./choose.ts";
import { ALGORITHM, readKey, type SigningKey } from "./key.ts";
import { indexVersion, type KeyEntry, readIndex, readKeyFile } from "./key_store.ts";

/** Which keys sign for which domains, and what is signed. RFC 6376 §5 */
export interface SignerOptions {
  /** Directory of the keys. */
  readonly keys: string;
  /** Domains, in A-labels, whose messages never leave unsigned. */
  readonly mustSign: ReadonlyArray<string>;
  /** How long a signature holds; null: for ever. */
  readonly expire: Duration.Duration | null;
  /** How often DNS is asked for keys that are new; null: never. */
  readonly check: Duration.Duration | null;
}

/** How long the index is taken as unchanged, in milliseconds. */
const RECHECK = 1000;

type Loaded = Promise<SigningKey>;
/** The keys of a domain that sign. RSA comes first: an Ed25519 signature never stands alone. RFC 8463 §5 */
type KeysOf = ReadonlyArray<{ readonly entry: KeyEntry; readonly key: () => Loaded }>;

const KINDS: ReadonlyArray<DkimKeyType> = ["rsa", "ed25519"];

class Keys {
  readonly #dir: string;
  #version = -1;
  #checkedAt = -Infinity;
  #active: ReadonlyMap<string, KeysOf> = new Map();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Keys by domain, as the index says now. */
  get active(): ReadonlyMap<string, KeysOf> {
    try {
      this.refresh();
    } catch {
      // it is half written or damaged: the known keys stay in use
    }
    return this.#active;
  }

  /** Throws where the index cannot be read. */
  refresh(): void {
    const now = performance.now();
    if (now - this.#checkedAt < RECHECK) return;
    this.#checkedAt = now;
    const version = indexVersion(this.#dir);
    if (version === this.#version) return;
    this.#active = this.#read();
    this.#version = version;
  }

  #read(): ReadonlyMap<string, KeysOf> {
    const out = new Map<string, KeysOf>();
    const entries = readIndex(this.#dir).filter((e) => e.state === "active");
    for (const domain of new Set(entries.map((e) => e.domain))) {
      const own = KINDS.flatMap((type) =>
        entries.filter((e) => e.domain === domain && e.type === type)
      );
      if (own[0]?.type === "rsa") out.set(domain, own.map((entry) => this.#lazily(entry)));
    }
    return out;
  }

  /** Read when it is first needed, and again where that failed. */
  #lazily(entry: KeyEntry): { readonly entry: KeyEntry; readonly key: () => Loaded } {
    let loaded: Loaded | null = null;
    const load = async (): Loaded => {
      try {
        return await readKey(readKeyFile(this.#dir, entry));
      } catch (e) {
        loaded = null;
        throw e;
      }
    };
    return { entry, key: () => loaded ??= load() };
  }
}

/** SHA-256 over the relaxed form. RFC 6376 §3.7 */
export const bodyDigest = (): BodyDigest => {
  const hash = createHash("sha256");
  const body = new RelaxedBody();
  return {
    update: (chunk) => {
      hash.update(body.push(chunk));
    },
    end: () => hash.update(body.end()).digest("base64"),
  };
};

const reasonOf = (e: unknown): string => e instanceof Error ? e.message : String(e);

/** Reads the keys again when the index changes, and activates new ones once DNS serves them. */
export const signerLayer = (o: SignerOptions): Layer.Layer<Signer, SigningFault, Resolver> =>
  Layer.effect(
    Signer,
    Effect.gen(function* () {
      const keys = new Keys(o.keys);
      yield* Effect.try({
        try: () => keys.refresh(),
        catch: (e) => new SigningFault({ domain: "*", reason: reasonOf(e) }),
      });
      const must = new Set(o.mustSign);
      if (o.check !== null) {
        yield* Effect.forkScoped(watch(o.keys, o.check));
      }
      return {
        digest: () => keys.active.size > 0 || must.size > 0 ? bodyDigest() : null,
        sign: Effect.fnUntraced(function* (r) {
          const { active } = keys;
          const domains = signingDomains(
            r.authors,
            r.returnPath,
            (d) => active.has(d) || must.has(d),
          );
          const out: Array<DkimSignature> = [];
          for (const domain of domains) {
            out.push(...yield* signAs(o, domain, active.get(domain) ?? [], r));
          }
          return out;
        }),
      };
    }),
  );

const signAs = (
  o: SignerOptions,
  domain: string,
  keys: KeysOf,
  r: SigningRequest,
): Effect.Effect<ReadonlyArray<DkimSignature>, SigningFault> => {
  const { bodyHash } = r;
  if (keys.length === 0) return Effect.fail(new SigningFault({ domain, reason: "no active key" }));
  if (bodyHash === null) {
    return Effect.fail(new SigningFault({ domain, reason: "the key came while the body did" }));
  }
  const { names, canonical } = coveredFields(r.header);
  const at = Math.floor(r.at / 1000);
  return Effect.forEach(keys, ({ entry, key }) =>
    Effect.tryPromise({
      try: async (): Promise<DkimSignature> => {
        const tags: SignatureTags = {
          algorithm: ALGORITHM[entry.type],
          domain: encodeUtf8(writtenDomain(domain, r.authors, r.utf8)),
          selector: entry.selector,
          at,
          expires: o.expire === null ? null : at + Duration.toSeconds(o.expire),
          names,
          bodyHash,
        };
        const signature = await (await key()).sign(octetsOf(signedText(canonical, tags)));
        return {
          domain,
          selector: entry.selector,
          algorithm: tags.algorithm,
          field: signatureField(tags, signature),
        };
      },
      catch: (e) => new SigningFault({ domain, reason: reasonOf(e) }),
    }), { concurrency: "unbounded" });
};

/** Looks for new keys in DNS as long as the server runs. */
const watch = (dir: string, every: Duration.Duration): Effect.Effect<void, never, Resolver> =>
  activateServed(dir).pipe(
    Effect.flatMap((keys) =>
      Effect.forEach(
        keys,
        (k) =>
          Effect.logInfo("DKIM key signs from now on", { domain: k.domain, selector: k.selector }),
      )
    ),
    Effect.catch((e) => Effect.logError("DKIM keys could not be looked at", { cause: e })),
    Effect.andThen(Effect.sleep(every)),
    Effect.forever,
  );
