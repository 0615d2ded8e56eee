/** The authors that a message claims, and their relation to the account. RFC 6409 §6.3 */
import { Effect } from "effect";
import { asciiMailbox, type Mailbox, printMailboxAscii } from "../address/mailbox.ts";
import type { Account } from "../ports/accounts.ts";
import { type Circumstances, SenderRights } from "../ports/sender_rights.ts";
import { type Reply, saying } from "../reply/reply.ts";
import type { Authenticated } from "./submission.ts";

/** The field that says who is responsible, and its mailboxes. */
export interface Claims {
  readonly field: string;
  readonly authors: ReadonlyArray<Mailbox>;
}

/** Null: Resent-From, or From, is to be added yet, with the account's own address. RFC 5322 §3.6.2, §3.6.6 */
export const claimsOf = (s: Authenticated): Claims | null => {
  const { resent } = s.fields;
  if (resent === null && s.fields.fromField === null) return null;
  if (resent === null) return { field: "From", authors: s.fields.authors };
  if (resent.from === null) return null;
  return { field: "Resent-From", authors: resent.from.list.mailboxes };
};

export interface Judgement {
  /** Rule by which the account may speak for one of them; null: for none. */
  readonly by: string | null;
  /** Who holds the grant behind it; null where there is none. */
  readonly holder: string | null;
  /** Those for whom it may not speak. */
  readonly foreign: ReadonlyArray<Mailbox>;
}

export const judge = Effect.fnUntraced(function* (
  account: Account,
  authors: ReadonlyArray<Mailbox>,
  circumstances: Circumstances,
): Effect.fn.Return<Judgement, never, SenderRights> {
  const rights = yield* SenderRights;
  const foreign: Array<Mailbox> = [];
  let by: string | null = null;
  let holder: string | null = null;
  for (const author of authors) {
    const right = yield* rights.maySendAs(account, author, circumstances);
    if (!right.granted && right.onBehalf !== true) foreign.push(author);
    else if (by === null) {
      by = right.rule;
      holder = right.by ?? null;
    }
  }
  return { by, holder, foreign };
});

/** The number of addresses that a refusal lists. */
const MAX_TOLD = 4;

/** The refusal, with addresses of the account that would do. Replies are ASCII. RFC 6531 §3.7.4 */
export const notYours = (
  refused: Reply,
  account: Account,
  of: Mailbox,
  circumstances: Circumstances,
): Effect.Effect<Reply, never, SenderRights> =>
  Effect.flatMap(
    SenderRights,
    (rights) =>
      Effect.map(rights.instead(account, of, circumstances), (own) => {
        const told = own.filter(asciiMailbox).slice(0, MAX_TOLD).map(printMailboxAscii);
        return told.length === 0 ? refused : saying(refused, `You may send as ${told.join(", ")}`);
      }),
  );
