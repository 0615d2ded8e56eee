/**
 * Fourth stage: repairs what a submission server may repair, and refuses what it must not send.
 *
 * Every repair is a function of `fix/` with its own switch, and leaves a decision. Touches neither From
 * nor Sender, save for their syntax. RFC 6409 §8, RFC 5322 §3.6
 */
import { Effect } from "effect";
import { formatDate } from "../message/date.ts";
import { Ids } from "../ports/ids.ts";
import { dropCopies, nameNobody, supplyFrom } from "./fix/absent.ts";
import {
  fillEmptyLists,
  mendAddressSyntax,
  mergeLists,
  modernizeAddresses,
} from "./fix/address_fields.ts";
import { fixDate } from "./fix/date.ts";
import type { Draft, Mend } from "./fix/draft.ts";
import { fixLayout } from "./fix/layout.ts";
import { fixMessageId } from "./fix/message_id.ts";
import { labelEightBit } from "./fix/mime.ts";
import { encodeHeader } from "./fix/raw_utf8.ts";
import { removeBcc, removeForgedResults, removeReturnPath } from "./fix/remove.ts";
import { addReceived } from "./fix/trace.ts";
import { HeaderPolicy } from "./policy.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Authorized, Completed, Stage } from "./submission.ts";

/** In this order: what is added to a resent block finds its place before Bcc is taken out of it. */
const MENDS: ReadonlyArray<Mend> = [
  supplyFrom,
  dropCopies,
  mergeLists,
  fillEmptyLists,
  nameNobody,
  mendAddressSyntax,
  modernizeAddresses,
  fixDate,
  fixMessageId,
  labelEightBit,
  removeBcc,
  removeReturnPath,
  removeForgedResults,
  encodeHeader,
  fixLayout,
  addReceived,
];

/** Repairs the header. Refused with 554 5.6.0 (5.6.1 for unlabelled 8-bit text) where a repair cannot or may not be made. */
export const fixHeaders: Stage<Authorized, Completed, Refusal, HeaderPolicy | Ids> = Effect
  .fnUntraced(function* (s: Authorized) {
    const { rules, offset, seal } = yield* HeaderPolicy;
    const ids = yield* Ids;
    const draft: Draft = {
      s,
      rules,
      now: formatDate(s.receivedAt, offset(s.receivedAt)),
      newId: ids.messageIdLeft,
      seal,
      header: s.header,
      decisions: [],
    };
    for (const mend of MENDS) {
      const stop = mend(draft);
      if (stop === null) continue;
      const trail = [...s.trail, ...draft.decisions];
      return yield* refusal(trail, "fix_headers", stop.rule, stop.reply, stop.facts);
    }
    return {
      ...s,
      _tag: "Completed" as const,
      header: draft.header,
      // a From that was supplied names the account
      fields: s.fields.fromField === null && s.fields.resent === null
        ? { ...s.fields, authors: [s.account.primary] }
        : s.fields,
      trail: [...s.trail, ...draft.decisions],
    };
  });
