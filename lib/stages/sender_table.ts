/**
 * The decision on Sender as a table: from the contents of From and Sender and the submitter to the action.
 *
 * The first row that matches wins. The same table serves Resent-From and Resent-Sender of a resent message, where
 * the rows have other names. RFC 6409 §8.1, RFC 5322 §3.6.2, §3.6.6
 */

/** M: the submitter. F: mailboxes of From (R: of Resent-From). U: all that the account may use. */
export interface SenderCase {
  /** M is known. */
  readonly known: boolean;
  /** Number of F. */
  readonly authors: number;
  /** M in F; by `sender.match = rights` some of F in U. */
  readonly submitterIsAuthor: boolean;
  /** Some of F in U; false where the account speaks on behalf of all of them. */
  readonly ownAuthor: boolean;
  /** Sender is absent, in U (M among them), or neither. */
  readonly sender: "absent" | "own" | "foreign";
  /** Sender is the one author there is. */
  readonly senderIsAuthor: boolean;
  /** A DKIM signature covers Sender. */
  readonly signed: boolean;
  /** What is done about a foreign Sender although M in F. */
  readonly foreignSender: "reject" | "fix";
}

export type SenderAction =
  | { readonly rule: string; readonly action: "leave" | "add" | "replace" | "remove" }
  | {
    readonly rule: string;
    readonly action: "refuse";
    /** A foreign Sender, or a signature that keeps it there (550 5.7.1); a Sender that must be and cannot (554 5.6.0). */
    readonly why: "foreign" | "unknown" | "signed" | "signedMandatory";
  };

const leave = (rule: string): SenderAction => ({ rule, action: "leave" });

/** Names of the rows where they differ between a new message and one passed on. */
interface Names {
  readonly redundant: string;
  readonly add: string;
  readonly addMany: string;
  readonly replace: string;
  readonly conflict: string;
}

const PLAIN: Names = {
  redundant: "SND-05",
  add: "SND-07",
  addMany: "SND-11",
  replace: "SND-09",
  conflict: "SND-10",
};
const RESENT: Names = {
  redundant: "SND-14",
  add: "SND-15",
  addMany: "SND-15",
  replace: "SND-16",
  conflict: "SND-16",
};

/** Rows SND-03 to SND-12 and SND-17. */
export const decideSender = (c: SenderCase): SenderAction => decide(c, PLAIN);

/** Rows SND-14 to SND-17, for Resent-Sender. */
export const decideResentSender = (c: SenderCase): SenderAction => decide(c, RESENT);

const decide = (c: SenderCase, names: Names): SenderAction => {
  if (!c.known) {
    return c.authors > 1 && c.sender === "absent"
      ? { rule: "SND-04", action: "refuse", why: "unknown" }
      : leave("SND-03");
  }
  if (c.sender === "absent") return absent(c, names);
  if (c.senderIsAuthor && c.submitterIsAuthor) return leave("SND-06");
  if (c.sender === "own") return leave("SND-08");
  return foreign(c, names);
};

const absent = (c: SenderCase, names: Names): SenderAction => {
  if (c.authors === 1 && c.submitterIsAuthor) return leave(names.redundant);
  // without Sender nothing would show that another account submits for the author
  if (c.authors === 1 && c.signed && c.ownAuthor) return leave("SND-17");
  if (c.authors === 1 && !c.signed) return { rule: names.add, action: "add" };
  if (c.authors === 1) return { rule: "SND-17", action: "refuse", why: "signed" };
  if (c.signed) return { rule: "SND-17", action: "refuse", why: "signedMandatory" };
  return { rule: c.authors === 0 ? "SND-12" : names.addMany, action: "add" };
};

/** Sender names somebody whom the account may not send as. */
const foreign = (c: SenderCase, names: Names): SenderAction => {
  if (!c.submitterIsAuthor) {
    return c.signed
      ? { rule: "SND-17", action: "refuse", why: "signed" }
      : { rule: names.replace, action: "replace" };
  }
  if (c.foreignSender === "reject" || c.signed) {
    return { rule: names.conflict, action: "refuse", why: "foreign" };
  }
  return { rule: names.conflict, action: c.authors === 1 ? "remove" : "replace" };
};
