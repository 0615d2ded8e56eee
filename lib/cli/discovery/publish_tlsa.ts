/** TLSA records of the certificates that our own listeners show, for `postern publish --tlsa`. RFC 7673 §3 */
import { Effect } from "effect";
import type { Config, KeyPairFiles } from "../../config/config.ts";
import type { Offer, Tlsa } from "../../discovery/offer.ts";
import { candidates } from "../../tls/names.ts";
import { loadPair } from "../../tls/pair.ts";
import { spkiSha256 } from "../../tls/spki.ts";
import { failed } from "../../app/failure.ts";

interface Shown {
  readonly names: ReadonlyArray<string>;
  readonly hash: string;
}

const shown = Effect.fnUntraced(function* (files: KeyPairFiles) {
  const pair = yield* loadPair(files, null).pipe(Effect.mapError((e) => failed(e.message)));
  const pem = yield* Effect.promise(() => Deno.readTextFile(files.certificate));
  return { names: pair.names, hash: spkiSha256(pem) } satisfies Shown;
});

/** The offer with a record for each of our ports under each name; the owner is port and host. */
export const withTlsa = Effect.fnUntraced(function* (config: Config, offer: Offer) {
  const pairs = yield* Effect.forEach([config.tls.default, ...config.tls.sni], shown);
  const ports = new Set([...config.own.submission, ...config.own.submissions]);
  const ours = [
    ...offer.services.filter((s) => s.kind === "submission" && ports.has(s.port)),
    ...(offer.web === null || config.http === null ? [] : [{ host: offer.web, port: 443 }]),
  ];
  const found = ours.flatMap(({ host, port }): ReadonlyArray<Tlsa> => {
    const pair = pairs.find((p) => candidates(host).some((n) => p.names.includes(n)));
    if (pair === undefined) return [];
    const owner = `_${port}._tcp.${host}`;
    return [{ owner, usage: 3, selector: 1, matching: 1, certificate: pair.hash }];
  });
  return { ...offer, tlsa: [...offer.tlsa, ...found] } satisfies Offer;
});
