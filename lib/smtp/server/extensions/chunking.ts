/**
 * CHUNKING: BDAT sends the message in chunks of a given size. RFC 3030 §2
 *
 * The octets of a chunk follow its command whether that is obeyed or not: a refused one is read and dropped before
 * the reply, so that no octet of it is taken for a command. If their number is unknown, or exceeds the limit before
 * a login, the session ends.
 */
import * as say from "../../../reply/catalog.ts";
import type { Reply } from "../../../reply/reply.ts";
import type { Extension, VerbRule } from "../extension.ts";
import { close, closed, type Open, ready, send, type Step } from "../state.ts";

interface Chunk {
  readonly octets: number;
  readonly last: boolean;
}

/** What somebody may announce who has not signed in. */
const STRANGER = 65_536;

/** `1*20DIGIT [LAST]`; null where it is not that. */
const readChunk = (argument: string): Chunk | null => {
  const m = /^([0-9]{1,20})(?: +(LAST))?$/i.exec(argument);
  return m === null ? null : { octets: Number(m[1]), last: m[2] !== undefined };
};

const ended = (reply: Reply): Step => [closed, send(reply), send(say.FRAMING_LOST), close];

const drop = ({ octets }: Chunk, next: Open, reply: Reply): Step =>
  Number.isSafeInteger(octets)
    ? [{ _tag: "Dropping", peer: next.peer, next, reply }, { _tag: "DropData", octets }]
    : ended(reply); // beyond what can be counted

const refused: VerbRule["refused"] = (state, argument, reply) => {
  const chunk = readChunk(argument);
  return chunk === null || (state.peer.account === null && chunk.octets > STRANGER)
    ? ended(reply)
    : drop(chunk, state, reply);
};

/** Why the chunk cannot be taken now; null where it can. */
const outOfOrder = (state: Open): Reply | null => {
  if (state._tag === "Chunks") return null;
  if (state._tag === "Ready" || !state.peer.extended) return say.OUT_OF_ORDER;
  if (state.recipients.length > 0) return null;
  return state.attempts === 0 ? say.OUT_OF_ORDER : say.NO_VALID_RECIPIENTS;
};

const bdat: VerbRule["obey"] = (rules, state, argument) => {
  const reason = outOfOrder(state);
  if (reason !== null) return refused(state, argument, reason);
  const chunk = readChunk(argument);
  if (chunk === null || state._tag === "Ready") return ended(say.BAD_ARGUMENT);
  const first = state._tag !== "Chunks";
  const octets = chunk.octets + (first ? 0 : state.octets);
  // the transaction is over: chunks behind this one find none
  if (octets > rules.messageBytes) return drop(chunk, ready(state.peer), say.TOO_BIG);
  // a chunk of nothing is no progress. RFC 5321 §7.8
  const idle = chunk.octets === 0 && !chunk.last ? state.peer.idle + 1 : state.peer.idle;
  if (idle > rules.idleCommands) return [closed, send(say.TOO_MANY_IDLE), close];
  const { mail, recipients } = state;
  const { last } = chunk;
  return [
    { _tag: "Chunk", peer: { ...state.peer, idle }, mail, recipients, octets, last },
    { _tag: "ReadChunk", octets: chunk.octets, first, last, binary: mail.body === "BINARYMIME" },
  ];
};

export const chunking: Extension = {
  keyword: () => "CHUNKING",
  verbs: { BDAT: { obey: bdat, refused } },
};
