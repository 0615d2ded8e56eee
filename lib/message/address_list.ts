/**
 * Addresses of From, To and their like: the current grammar and the obsolete one, groups, comments,
 * UTF-8. Encoded words are kept as they are. RFC 5322 §3.4, §4.4, RFC 6854 §2, RFC 6532 §3.2
 *
 * Strict: whatever the grammar does not say is refused, nothing is guessed, since what another
 * program reads out of a field may not differ from what was checked here. One pass, never throws.
 */
import { complete, type Completions, NO_COMPLETIONS } from "../address/complete.ts";
import { type Domain, parseDomainName, parseLiteral } from "../address/domain.ts";
import type { Mailbox } from "../address/mailbox.ts";
import type { Address, NamedMailbox } from "./address.ts";
import type { Field } from "./header.ts";
import { Lexer, NO_GAP } from "./lexer.ts";
import { Phrase } from "./phrase.ts";

/** The addresses of one field, groups and all. RFC 5322 §3.4 */
export interface AddressList {
  readonly addresses: ReadonlyArray<Address>;
  /** Mailboxes, members of groups among them, in order. */
  readonly mailboxes: ReadonlyArray<Mailbox>;
  /** Holds syntax that must not be sent any more: routes, null members, blanks around dots, ... RFC 5322 §4.4 */
  readonly obsolete: boolean;
  /** A domain was completed by the table. RFC 6409 §4.2 */
  readonly completed: boolean;
}

/** A field that holds addresses, and what it holds. */
export interface AddressField {
  readonly field: Field;
  readonly list: AddressList;
  /** What was wrong with the field, of which `list` is read after mending it; it must be written anew. */
  readonly mended?: string;
}

const LESS = 0x3c, GREATER = 0x3e, AT = 0x40, COMMA = 0x2c, SEMICOLON = 0x3b, COLON = 0x3a;

/** More than `maxAddresses`. */
export const TOO_MANY = "too many addresses";

/**
 * Parses an address list; `value` in characters, with its folding. An empty value is an empty list.
 *
 * @returns the list, or what is wrong with it, fit for a reply
 */
export const parseAddressList = (
  value: string,
  maxAddresses: number,
  domains: Completions = NO_COMPLETIONS,
): AddressList | string => {
  const p = new Parser(value, maxAddresses, domains);
  return p.list() ? p : p.problem;
};

class Parser implements AddressList {
  readonly addresses: Array<Address> = [];
  readonly mailboxes: Array<Mailbox> = [];
  obsolete = false;
  completed = false;
  problem = "";
  readonly #lex: Lexer;
  readonly #max: number;
  readonly #domains: Completions;

  constructor(value: string, max: number, domains: Completions) {
    this.#lex = new Lexer(value);
    this.#max = max;
    this.#domains = domains;
  }

  #fail(problem: string): false {
    this.problem = this.#lex.bad ? this.#lex.problem : problem;
    return false;
  }

  /** address *("," address), with null members. RFC 5322 §4.4 */
  list(): boolean {
    const lex = this.#lex;
    lex.next();
    for (let open = false; !lex.ended; open = true) {
      if (open) {
        if (!lex.is(COMMA)) return this.#fail("addresses are not parted by commas");
        lex.next();
      }
      if (lex.is(COMMA) || lex.ended) this.obsolete = true;
      else if (!this.#address()) return false;
    }
    return true;
  }

  /** A mailbox or a group. RFC 5322 §3.4 */
  #address(): boolean {
    const words = this.#words();
    if (words === null) return false;
    if (!this.#lex.is(COLON)) {
      const m = this.#mailbox(words);
      if (m === null) return false;
      this.addresses.push({ _tag: "Mailbox", displayName: m.displayName, mailbox: m.mailbox });
      return true;
    }
    const name = words.print();
    if (name === null) return this.#fail("a group has no valid name");
    if (words.obsolete) this.obsolete = true;
    this.#lex.next();
    const members = this.#members();
    if (members === null) return false;
    this.addresses.push({ _tag: "Group", name, members });
    return true;
  }

  /** What stands between the colon and the semicolon of a group; goes behind the latter. */
  #members(): ReadonlyArray<NamedMailbox> | null {
    const lex = this.#lex;
    const members: Array<NamedMailbox> = [];
    for (let open = false; !lex.is(SEMICOLON); open = true) {
      if (open) {
        if (!lex.is(COMMA)) return this.#no("a group is not closed");
        lex.next();
      }
      if (lex.is(COMMA) || (lex.is(SEMICOLON) && open)) {
        this.obsolete = true;
        continue;
      }
      const words = this.#words();
      if (words === null) return null;
      if (lex.is(COLON)) return this.#no("a group within a group");
      const m = this.#mailbox(words);
      if (m === null) return null;
      members.push(m);
    }
    lex.next();
    return members;
  }

  #no(problem: string): null {
    this.#fail(problem);
    return null;
  }

  /** Atoms and quoted strings up to the special that says what they are. */
  #words(): Phrase | null {
    const lex = this.#lex;
    const words = new Phrase(lex.source);
    while (lex.kind === "Atom" || lex.kind === "Quoted") {
      words.push(lex);
      lex.next();
    }
    if (lex.bad) return this.#no("");
    return words;
  }

  /** name-addr or addr-spec, of which `words` were read. RFC 5322 §3.4 */
  #mailbox(words: Phrase): NamedMailbox | null {
    const lex = this.#lex;
    if (this.mailboxes.length === this.#max) return this.#no(TOO_MANY);
    if (lex.is(LESS)) {
      const displayName = words.empty ? null : words.print();
      if (displayName === null && !words.empty) return this.#no("a display name is not valid");
      if (words.obsolete) this.obsolete = true;
      lex.next();
      const mailbox = this.#angle();
      return mailbox === null ? null : { displayName, mailbox };
    }
    if (!lex.is(AT)) {
      return this.#no(words.empty ? "an address is not valid" : "an address has no domain");
    }
    const mailbox = this.#addrSpec(words);
    return mailbox === null ? null : { displayName: null, mailbox };
  }

  /** Behind `<`: an optional route, addr-spec, `>`. RFC 5322 §4.4 */
  #angle(): Mailbox | null {
    const lex = this.#lex;
    if (lex.is(AT) || lex.is(COMMA)) {
      this.obsolete = true;
      while (!lex.is(COLON)) {
        if (lex.is(AT)) {
          lex.next();
          if (this.#domain() === null) return null;
          if (!lex.is(COMMA) && !lex.is(COLON)) return this.#no("a bad route");
        } else if (lex.is(COMMA)) lex.next();
        else return this.#no("a bad route");
      }
      lex.next();
    }
    const words = this.#words();
    if (words === null) return null;
    if (!lex.is(AT)) return this.#no("an address has no domain");
    const mailbox = this.#addrSpec(words);
    if (mailbox === null) return null;
    if (!lex.is(GREATER)) return this.#no("an angle bracket is not closed");
    lex.next();
    return mailbox;
  }

  /** `words` are the local part, the token at hand is `@`. RFC 5322 §3.4.1 */
  #addrSpec(words: Phrase): Mailbox | null {
    const local = words.local();
    if (local === null) return this.#no("the part before the @ is not valid");
    if (words.several) this.obsolete = true;
    this.#lex.next();
    const read = this.#domain();
    if (read === null) return null;
    const domain = complete(read, this.#domains);
    if (domain !== read) this.completed = true;
    const mailbox = { local, domain };
    this.mailboxes.push(mailbox);
    return mailbox;
  }

  /** dot-atom, domain literal, or atoms with blanks around their dots. RFC 5322 §3.4.1, §4.4 */
  #domain(): Domain | null {
    const lex = this.#lex;
    if (lex.kind === "Literal") {
      const literal = parseLiteral(lex.text);
      if (literal === null) return this.#no("an address literal is not valid");
      lex.next();
      return literal;
    }
    if (lex.kind !== "Atom") return this.#no("the part behind the @ is not valid");
    let text = lex.text;
    let last = text; // looking at the end of what grows would copy it each time
    while (lex.next() === "Atom") {
      this.obsolete = true;
      const joins = last.endsWith(".") !== lex.text.startsWith(".");
      if (lex.gap === NO_GAP || !joins) return this.#no("the part behind the @ is not valid");
      text += lex.text;
      last = lex.text;
    }
    if (lex.bad) return this.#no("");
    return parseDomainName(text) ?? this.#no("the part behind the @ is not valid");
  }
}
