/**
 * What a refusal is about: the recipient or message that was named, or the session in which it was named. One
 * table, by code, command and enhanced code; a reply without a row means what its first digit says. RFC 5321
 * §4.2.1, §4.2.3
 *
 * A server that is out of step, or demands a login, says nothing about a recipient: later, or once an operator has
 * fixed it, it takes the same message.
 */

/** The command that a reply answers; `FINAL` is the end of data. */
export type Asked =
  | "greeting"
  | "EHLO"
  | "STARTTLS"
  | "AUTH"
  | "RSET"
  | "MAIL"
  | "RCPT"
  | "DATA"
  | "FINAL";

/** `login`: the hop wants a login, or TLS before it, which nobody but the operator can give. */
export type About = "message" | "session" | "login";

interface Row {
  readonly codes: ReadonlyArray<number>;
  /** Absent: every command of a transaction. */
  readonly asked?: ReadonlyArray<Asked>;
  /** Whether an enhanced code without its class lets the row hold; null: there is none. */
  readonly when: (detail: string | null) => boolean;
  readonly about: About;
}

const always = () => true;
/** X.1.x, X.2.x and X.6.x speak of an address, a mailbox, a content. RFC 3463 §3.2, §3.3, §3.7 */
const notOfMessage = (detail: string | null): boolean =>
  detail === null || !["1.", "2.", "6."].some((subject) => detail.startsWith(subject));
/** X.7.1 is a policy of theirs, as towards a stranger who wants to relay. RFC 3463 §3.8 */
const ofLogin = (detail: string | null): boolean =>
  detail === null || (detail.startsWith("7.") && detail !== "7.1");

/** The first row that fits holds. */
const TABLE: ReadonlyArray<Row> = [
  // login wanted, too weak, refused, in clear: RFC 4954 §6, RFC 3207 §4
  { codes: [530, 534, 535, 538], when: always, about: "login" },
  // not now, a new password is due: RFC 4954 §6
  { codes: [432, 454], when: ofLogin, about: "login" },
  // some say "authentication required" like this
  { codes: [503], when: (d) => d?.startsWith("7.") === true, about: "login" },
  // unknown command, not implemented, out of order, parameter not implemented; "helo rejected" comes as 504
  { codes: [500, 502, 503, 504], when: notOfMessage, about: "session" },
  // behind the path an argument can be wrong; DATA, RSET and a dot have none
  { codes: [501], asked: ["RSET", "DATA", "FINAL"], when: notOfMessage, about: "session" },
  // the host takes no mail now; one that never does says 521. RFC 3463 §3.4, RFC 7504 §3
  { codes: [550, 554], when: (d) => d === "3.2", about: "session" },
  // the channel closes, whatever was asked. RFC 5321 §3.8
  { codes: [421], when: always, about: "session" },
];

const TRANSACTION: ReadonlySet<Asked> = new Set(["RSET", "MAIL", "RCPT", "DATA", "FINAL"]);

/** `enhanced`: as the server gave it, with its class; null where it gave none. */
export const aboutOf = (code: number, asked: Asked, enhanced: string | null): About => {
  if (!TRANSACTION.has(asked)) return "message";
  const detail = enhanced === null ? null : enhanced.slice(2);
  const row = TABLE.find((r) =>
    r.codes.includes(code) && (r.asked?.includes(asked) ?? true) && r.when(detail)
  );
  return row?.about ?? "message";
};
