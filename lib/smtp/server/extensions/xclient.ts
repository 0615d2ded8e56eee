/**
 * XCLIENT: a proxy in front of us says who the client is. Postfix's XCLIENT_README describes it; there is no RFC.
 *
 * Only for sessions from addresses that the site names. The session starts again after it, as after the greeting;
 * TLS stays. A login that the proxy names is ignored: logins happen here.
 */
import { parseLiteral } from "../../../address/domain.ts";
import * as say from "../../../reply/catalog.ts";
import { decodeXtext, isXtext } from "../../syntax/xtext.ts";
import type { Extension, VerbRule } from "../extension.ts";
import { close, closed, type Output, ready, send } from "../state.ts";

/** Names are taken and not used: the EHLO that follows says it, and nobody looks names up. */
const NAMES = ["ADDR", "PORT", "NAME", "HELO", "PROTO"];

interface Attributes {
  /** Null: the proxy does not know. */
  readonly address: string | null;
  readonly port: number | null;
}

const unknown = (value: string): boolean => /^\[(?:UNAVAILABLE|TEMPUNAVAIL)\]$/i.test(value);

const addressOf = (value: string): string | null => {
  const bare = value.replace(/^IPV6:/i, "");
  const literal = parseLiteral(bare.includes(":") ? `[IPv6:${bare}]` : `[${bare}]`);
  return literal === null ? null : bare;
};

/** Null where something is not as it has to be. */
const read = (argument: string): Attributes | null => {
  let found: Attributes = { address: null, port: null };
  if (argument === "") return null;
  for (const word of argument.split(/ +/)) {
    const at = word.indexOf("=");
    const name = word.slice(0, at).toUpperCase();
    const raw = word.slice(at + 1);
    if (at < 1 || !NAMES.includes(name) || !isXtext(raw)) return null;
    const value = decodeXtext(raw);
    if (unknown(value)) continue;
    if (name === "ADDR") {
      const address = addressOf(value);
      if (address === null) return null;
      found = { ...found, address };
    }
    if (name === "PORT") {
      if (!/^[0-9]{1,5}$/.test(value) || Number(value) > 65535) return null;
      found = { ...found, port: Number(value) };
    }
  }
  return found;
};

const obey: VerbRule["obey"] = (rules, state, argument) => {
  const { peer } = state;
  if (state._tag !== "Ready" || peer.account !== null) return [state, send(say.OUT_OF_ORDER)];
  if (peer.idle >= rules.idleCommands) return [closed, send(say.TOO_MANY_IDLE), close];
  const attributes = read(argument);
  if (attributes === null) return [state, send(say.BAD_ARGUMENT)];
  const { address, port } = attributes;
  const renamed: ReadonlyArray<Output> = address === null
    ? []
    : [{ _tag: "Client", address, port: port ?? 0 }];
  return [
    // what counts against the session counts on
    ready({ ...peer, helo: null, extended: false, idle: peer.idle + 1 }),
    ...renamed,
    send(say.greeting(rules.hostname)),
  ];
};

export const xclient: Extension = {
  keyword: (_rules, peer) => peer.account === null ? `XCLIENT ${NAMES.join(" ")}` : null,
  verbs: { XCLIENT: { obey, refused: (state, _argument, reply) => [state, send(reply)] } },
};
