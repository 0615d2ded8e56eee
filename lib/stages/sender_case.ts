/** Derives from a submission the input of the table in `sender_table.ts`. */
import { Effect } from "effect";
import { type Mailbox, same } from "../address/mailbox.ts";
import { append } from "../message/edit.ts";
import type { Field, Header } from "../message/header.ts";
import { insertInBlock, type ResentBlock } from "../message/resent.ts";
import { type Right, SenderRights } from "../ports/sender_rights.ts";
import type { HeaderRules } from "./policy.ts";
import type { SenderCase } from "./sender_table.ts";
import { circumstancesOf, type Completed } from "./submission.ts";

/** What the decision is about: Sender beside From, or Resent-Sender beside Resent-From of the block. */
export interface Claim {
  readonly name: "Sender" | "Resent-Sender";
  readonly authors: ReadonlyArray<Mailbox>;
  readonly field: Field | null;
  readonly sender: Mailbox | null;
  readonly place: (h: Header, added: Field) => Header;
}

/** Sender beside From. */
export const senderClaim = (s: Completed): Claim => ({
  name: "Sender",
  authors: s.fields.authors,
  field: currentField(s, s.fields.senderField),
  sender: s.fields.sender,
  place: append,
});

/** A repair of syntax may have put another field in the place of the one that was read. */
const currentField = (s: Completed, read: Field | null): Field | null =>
  read === null ? null : s.header.fields.find((f) => f.key === read.key) ?? null;

/** Resent-Sender beside Resent-From, which is the submitter's where the block has none. */
export const resentClaim = (s: Completed, block: ResentBlock, submitter: Mailbox): Claim => ({
  name: "Resent-Sender",
  authors: block.from?.list.mailboxes ?? [submitter],
  field: currentField(s, block.sender?.field ?? null),
  sender: block.sender?.list.mailboxes[0] ?? null,
  place: insertInBlock,
});

export interface Read {
  readonly case: SenderCase;
  /** Whom a Sender that is written names: the submitter, or by `rights` the first author that is the account's. */
  readonly names: Mailbox;
}

/** The facts that the table asks for. Rights are asked about only where octets do not tell. */
export const readCase = Effect.fnUntraced(function* (
  s: Completed,
  claim: Claim,
  submitter: Mailbox,
  rules: HeaderRules,
): Effect.fn.Return<Read, never, SenderRights> {
  const { authors, sender, field } = claim;
  const [author, ...others] = authors;
  const alone = author !== undefined && others.length === 0 ? author : null;
  const spoken = rules.senderMatch === "envelope" && authors.some((a) => same(a, submitter))
    ? { submitter: true, own: true, names: submitter }
    : yield* speaksFor(s, authors, submitter, rules);
  return {
    case: {
      known: true,
      authors: authors.length,
      submitterIsAuthor: spoken.submitter,
      ownAuthor: spoken.own,
      sender: field === null ? "absent" : (yield* owns(s, submitter, sender)) ? "own" : "foreign",
      senderIsAuthor: alone !== null && sender !== null && same(alone, sender),
      signed: s.fields.signed.has(claim.name.toLowerCase()),
      foreignSender: rules.foreignSender,
    },
    names: spoken.names,
  };
});

/**
 * Whether some author is the submitter under the rights policy (case, subaddress), or by `rights` any address of
 * the account; and whether any is an address of the account at all.
 */
const speaksFor = Effect.fnUntraced(function* (
  s: Completed,
  authors: ReadonlyArray<Mailbox>,
  submitter: Mailbox,
  rules: HeaderRules,
): Effect.fn.Return<
  { readonly submitter: boolean; readonly own: boolean; readonly names: Mailbox },
  never,
  SenderRights
> {
  const rights = yield* SenderRights;
  const circumstances = circumstancesOf(s);
  const mine = yield* rights.maySendAs(s.account, submitter, circumstances);
  let own = false;
  for (const author of authors) {
    const right = yield* rights.maySendAs(s.account, author, circumstances);
    // an author's own address adds nothing to From
    if (rules.senderMatch === "rights" && right.granted) {
      return {
        submitter: true,
        own: true,
        names: authors.some((a) => same(a, submitter)) ? submitter : author,
      };
    }
    if (rules.senderMatch === "envelope" && sameOwn(mine, right)) {
      return { submitter: true, own: true, names: submitter };
    }
    own ||= right.granted;
  }
  return { submitter: false, own, names: submitter };
});

/** Does the account have a right to `sender`? Null, an empty group, belongs to no account. */
export const owns = (
  s: Completed,
  submitter: Mailbox,
  sender: Mailbox | null,
): Effect.Effect<boolean, never, SenderRights> =>
  sender === null || same(sender, submitter) ? Effect.succeed(sender !== null) : Effect.flatMap(
    SenderRights,
    (r) => Effect.map(r.maySendAs(s.account, sender, circumstancesOf(s)), granted),
  );

const granted = (right: Right): boolean => right.granted;

/** Granted by one and the same address of the account. */
const sameOwn = (a: Right, b: Right): boolean =>
  a.granted && b.granted && a.address !== undefined && b.address !== undefined &&
  same(a.address, b.address);
