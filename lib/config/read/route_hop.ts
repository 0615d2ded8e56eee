/** The next hop of a route, or the list of them, and its TLS. */
import type { Credentials, HopTemplate, SeveralMember, TlsLevel } from "../../ports/routes.ts";
import type { Report, RouteEntry, TlsWord } from "./route_entry.ts";
import type { Via } from "../values/via.ts";

/** Absolute path of what the file names. */
type Around = { readonly resolve: (path: string) => string };

/** `may` and `verify` are other names. HOP-20 */
export const tlsLevel = (word: TlsWord): TlsLevel =>
  word === "may" ? "opportunistic" : word === "verify" ? "required" : word;

/** Null where a hop has nothing to do with TLS. */
export const levelOf = (hop: HopTemplate | null): TlsLevel | null =>
  hop === null
    ? null
    : hop._tag === "Several"
    ? hop.hops.map(levelOf).find((l) => l !== null) ?? null
    : "tls" in hop
    ? hop.tls
    : null;

/** Levels that leave no doubt who listens. */
export const VERIFIED: ReadonlyArray<TlsLevel> = ["required", "dane", "dane-only"];

const isLmtp = (hop: SeveralMember): boolean => hop._tag === "Lmtp" || hop._tag === "LmtpUnix";

/** A list of hops: all SMTP or all LMTP, each told how TLS is to be. */
export const several = (
  entry: RouteEntry,
  vias: ReadonlyArray<Via>,
  credentials: Credentials | null,
  around: Around,
  wrong: Report,
): HopTemplate | null => {
  const hops: Array<SeveralMember> = [];
  for (const via of vias) {
    const hop = hopOf(entry, via, credentials, around, wrong);
    if (hop._tag === "MxOfRecipient" || hop._tag === "Maildir" || hop._tag === "Several") {
      wrong("via", "a list takes neither mx nor maildir:");
      return null;
    }
    hops.push(hop);
  }
  const [first] = hops;
  if (first !== undefined && hops.some((h) => isLmtp(h) !== isLmtp(first))) {
    wrong("via", "a list is all SMTP or all LMTP");
  }
  const weights = entry.weights ?? null;
  if (weights !== null && weights.length !== hops.length) {
    wrong("weights", `needs ${hops.length} numbers, one per next hop`);
  }
  if (weights?.every((w) => w === 0) === true) wrong("weights", "needs one above 0");
  return { _tag: "Several", hops, weights };
};

export const hopOf = (
  entry: RouteEntry,
  via: Via,
  credentials: Credentials | null,
  around: Around,
  wrong: Report,
): HopTemplate => {
  switch (via._tag) {
    case "Path":
      if (entry.tls !== undefined && entry.tls !== "none") {
        wrong("tls", `has no meaning for ${via.scheme}:`);
      }
      return {
        _tag: via.scheme === "maildir" ? "Maildir" : "LmtpUnix",
        path: around.resolve(via.path),
      };
    case "Mx":
      return {
        _tag: "MxOfRecipient",
        port: via.port,
        tls: entry.tls === undefined ? "opportunistic" : tlsLevel(entry.tls),
      };
    case "Srv": {
      const { name, implicitTls } = via;
      const tls = levelFor(entry, entry.username !== undefined, implicitTls, wrong);
      return { _tag: "Srv", name, implicitTls, tls, login: credentials?.username ?? null };
    }
    case "Host": {
      const implicitTls = via.scheme === "smtps";
      const hasLogin = entry.username !== undefined || via.username !== null;
      const tls = levelFor(entry, hasLogin, implicitTls, wrong);
      if (via.scheme === "lmtp" && via.port === 25) {
        wrong("via", "LMTP may not be spoken on port 25 (RFC 2033 §5)");
      }
      return {
        _tag: via.scheme === "lmtp" ? "Lmtp" : "Smtp",
        host: via.host,
        port: via.port,
        implicitTls,
        tls,
        login: credentials?.username ?? null,
      };
    }
  }
};

const levelFor = (
  entry: RouteEntry,
  hasLogin: boolean,
  implicitTls: boolean,
  wrong: Report,
): TlsLevel => {
  const tls = entry.tls === undefined
    ? (hasLogin ? "required" : "opportunistic")
    : tlsLevel(entry.tls);
  if (hasLogin && !VERIFIED.includes(tls)) {
    wrong("tls", 'must be "required" where there is a login: else anyone could read it');
  }
  if (implicitTls && tls === "none") wrong("tls", "smtps: is always with TLS");
  return tls;
};
