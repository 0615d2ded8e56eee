/** The next hop as `via` writes it. Only reads; `routes.ts` checks combinations. */
import { parseDomainName } from "../../address/domain.ts";
import { parseSocketAddress } from "./address.ts";

export type Via =
  | {
    readonly _tag: "Host";
    readonly scheme: "smtp" | "smtps" | "lmtp";
    readonly host: string;
    readonly port: number;
    /** From `user:password@`, percent-decoded. */
    readonly username: string | null;
    readonly password: string | null;
  }
  | {
    readonly _tag: "Srv";
    /** `_service._tcp.domain` in A-labels. */
    readonly name: string;
    readonly implicitTls: boolean;
  }
  | { readonly _tag: "Path"; readonly scheme: "lmtp+unix" | "maildir"; readonly path: string }
  | { readonly _tag: "Mx"; readonly port: number };

export const VIA_FORMS =
  'smtp://host:port, smtps://host:port, lmtp://host:port, srv://_submission._tcp.name, lmtp+unix:/path, maildir:path or "mx"';

const DEFAULT_PORT = { smtp: 25, smtps: 465, lmtp: 24 } as const;

const decode = (s: string): string | null => {
  try {
    return decodeURIComponent(s);
  } catch {
    return null;
  }
};

/** Null where `text` is none of `VIA_FORMS`. */
export const parseVia = (text: string): Via | null => {
  const colon = text.indexOf(":");
  const scheme = colon < 0 ? text : text.slice(0, colon);
  const rest = colon < 0 ? "" : text.slice(colon + 1);
  switch (scheme) {
    case "mx": {
      if (colon < 0) return { _tag: "Mx", port: 25 };
      const a = parseSocketAddress(`mx:${rest}`);
      return a === null ? null : { _tag: "Mx", port: a.port };
    }
    case "srv":
      return parseSrv(rest.startsWith("//") ? rest.slice(2) : rest);
    case "maildir":
    case "lmtp+unix": {
      const path = rest.startsWith("//") ? rest.slice(2) : rest;
      return path === "" || path.includes("\0") ? null : { _tag: "Path", scheme, path };
    }
    case "smtp":
    case "smtps":
    case "lmtp":
      return parseHost(scheme, rest.startsWith("//") ? rest.slice(2) : rest);
    default:
      return null;
  }
};

/** A service of TCP that speaks SMTP; one whose name says so has TLS from the first octet. RFC 8314 §7.3 */
const parseSrv = (name: string): Via | null => {
  const m = /^_(submissions?|smtps?)\._tcp\.([^/]+)\/?$/i.exec(name);
  const domain = parseDomainName(m?.[2] ?? "");
  if (m === null || domain === null) return null;
  const service = (m[1] ?? "").toLowerCase();
  return {
    _tag: "Srv",
    name: `_${service}._tcp.${domain.ascii}`,
    implicitTls: service === "submissions" || service === "smtps",
  };
};

const parseHost = (scheme: "smtp" | "smtps" | "lmtp", authority: string): Via | null => {
  const bare = authority.endsWith("/") ? authority.slice(0, -1) : authority;
  const at = bare.lastIndexOf("@");
  const address = parseSocketAddress(bare.slice(at + 1), DEFAULT_PORT[scheme]);
  if (address === null) return null;
  if (at < 0) return { _tag: "Host", scheme, ...address, username: null, password: null };
  const login = bare.slice(0, at);
  const colon = login.indexOf(":");
  const username = decode(colon < 0 ? login : login.slice(0, colon));
  const password = colon < 0 ? null : decode(login.slice(colon + 1));
  if (username === null || username === "" || (colon >= 0 && password === null)) return null;
  return { _tag: "Host", scheme, ...address, username, password };
};

/** `via` for messages: with what stands before the host hidden. */
export const hideLogin = (text: string): string => {
  const at = text.lastIndexOf("@");
  return at < 0 ? text : `${/^[a-z+]{1,9}:(?:\/\/)?/.exec(text)?.[0] ?? ""}***${text.slice(at)}`;
};
