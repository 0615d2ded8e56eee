/** The reply to a client whose message was passed through. Pure. RFC 5321 §4.2.5 */
import type { HandedOver, HopReply } from "../../ports/hand_over.ts";
import * as say from "../../reply/catalog.ts";
import type { Reply } from "../../reply/reply.ts";

/** Codes that mean to a client what they mean to us; others speak of our own session with the hop. RFC 5321 §4.2.3 */
const PASSED_ON: ReadonlySet<number> = new Set([
  ...[450, 451, 452, 455],
  ...[550, 551, 552, 553, 554, 555, 556],
]);
/** Beyond that the words are cut: a line or two. */
const MAX_WORDS = 400;
const CODE = /^(\d{3})(?: |$)/;
const ENHANCED = /^[245]\.\d{1,3}\.\d{1,3}(?: |$)/;

/** The reply to the end of data; `id` is ours, by which the trail is found. */
export const replyTo = (h: HandedOver, id: string): Reply => {
  switch (h._tag) {
    case "Taken":
      return say.byNextHop(250, detailOf(h.reply), wordsOf(h.reply), `Trace id ${id}`);
    case "Refused":
    case "Divided":
      return refused(h.reply, h.recipient);
    case "LoginRefused":
      // the hop's verdict on the login, which the client can do something about
      return say.byNextHop(
        h.reply.text.startsWith("5") ? 550 : 451,
        "7.8",
        "The next mail server does not take your login",
        wordsOf(h.reply),
      );
    case "Unsuited":
      return h.why === "reports" ? say.CANNOT_REPORT : say.TOO_MANY_FOR_HOP;
    case "Unreachable":
      // our own storage, not the hop
      if (h.reply.status === "4.3.0" && !h.reply.remote) return say.LOCAL_ERROR;
      return h.reply.status === "4.4.2" ? say.HOP_BROKE_OFF : say.HOP_UNREACHABLE;
    case "Doubtful":
      return say.HOP_DOUBTFUL;
  }
};

const refused = (reply: HopReply, recipient: string | null): Reply => {
  const given = reply.remote ? Number(CODE.exec(reply.text)?.[1] ?? 0) : 0;
  const fits = Math.trunc(given / 100) === (reply.kind === "permanent" ? 5 : 4);
  const code = fits && PASSED_ON.has(given) ? given : codeFor(reply);
  const detail = detailOf(reply);
  const words = wordsOf(reply);
  return recipient === null
    ? say.byNextHop(code, detail, words)
    : say.byNextHop(code, detail, `<${recipient}>: ${words}`, "Nobody got the message");
};

/** 5.3.4: too big. RFC 1870 §6.1 */
const codeFor = ({ kind, status }: HopReply): number =>
  kind !== "permanent" ? 451 : status === "5.3.4" ? 552 : 554;

/** Subject and detail; the class follows from the code. RFC 3463 §2 */
const detailOf = ({ status }: HopReply): string => status.slice(status.indexOf(".") + 1);

/** The hop's own words, without the codes that the reply has itself. */
const wordsOf = ({ text, remote }: HopReply): string => {
  const bare = remote ? text.replace(CODE, "").replace(ENHANCED, "") : text;
  return bare === "" ? "The next mail server gave no reason" : bare.slice(0, MAX_WORDS);
};
