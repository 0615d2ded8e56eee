/**
 * BURL: a part of the message is fetched from an IMAP server instead of being sent. RFC 4468 §3
 *
 * What is refused or cannot be fetched ends the transaction: a client that sends commands in groups must not get
 * a message through that lacks a part in its middle.
 */
import * as say from "../../../reply/catalog.ts";
import type { Reply } from "../../../reply/reply.ts";
import { type ImapUrl, parseImapUrl } from "../../syntax/imap_url.ts";
import type { Extension, VerbRule } from "../extension.ts";
import { close, closed, type Open, ready, send } from "../state.ts";

/** An IMAP server that lets us fetch: as EHLO names it, and `host:port` as URLs do. */
export interface BurlServer {
  readonly prefix: string;
  readonly origin: string;
}

/** Why no part can be taken now; null where it can. RFC 4468 §3.4 */
const outOfOrder = (state: Open): Reply | null => {
  if (state._tag === "Ready" || !state.peer.extended) return say.OUT_OF_ORDER;
  return state.recipients.length === 0 ? say.BURL_NO_RECIPIENTS : null;
};

/** Why this URL is not fetched for this account; null where it may be. RFC 4468 §3.2, §8 */
const notFor = (
  url: ImapUrl,
  account: string | null,
  servers: ReadonlyArray<BurlServer>,
): Reply | null => {
  if (!servers.some((s) => s.origin === url.origin)) return say.BURL_NO_TRUST;
  const [kind, ...user] = url.access.split("+");
  const submits = kind?.toLowerCase() === "submit" && user.join("+") === account;
  return submits ? null : say.BURL_NOT_ALLOWED;
};

const obey = (servers: ReadonlyArray<BurlServer>): VerbRule["obey"] => (rules, state, argument) => {
  const reason = outOfOrder(state);
  if (reason !== null || state._tag === "Ready") return [state, send(reason ?? say.OUT_OF_ORDER)];
  const m = /^(\S+)(?: +(LAST))?$/i.exec(argument);
  const url = m?.[1] === undefined ? null : parseImapUrl(m[1]);
  if (url === null) return [ready(state.peer), send(say.BURL_BAD_URL)];
  const no = notFor(url, state.peer.account, servers);
  if (no !== null) return [ready(state.peer), send(no)];
  const last = m?.[2] !== undefined;
  // each part is work for two servers, and may hold nothing at all. RFC 5321 §7.8
  const idle = state.peer.idle + (last ? 0 : 1);
  if (idle > rules.idleCommands) return [closed, send(say.TOO_MANY_IDLE), close];
  const { mail, recipients } = state;
  const first = state._tag !== "Chunks";
  const octets = first ? 0 : state.octets;
  return [
    {
      _tag: "Chunk",
      peer: { ...state.peer, idle },
      mail,
      recipients,
      octets,
      last,
      fetched: true,
    },
    {
      _tag: "Fetch",
      url: url.text,
      origin: url.origin,
      first,
      last,
      binary: mail.body === "BINARYMIME",
    },
  ];
};

/** The trusted servers are announced only after a login. RFC 4468 §4 */
export const burl = (servers: ReadonlyArray<BurlServer>): Extension => ({
  keyword: (_rules, peer) =>
    peer.account === null ? "BURL" : ["BURL", "imap", ...servers.map((s) => s.prefix)].join(" "),
  verbs: {
    BURL: {
      obey: obey(servers),
      refused: (state, _argument, reply) => [state, send(reply)],
    },
  },
});
