/**
 * Every reply that the server can send, each named once with its source. Nobody writes a code
 * anywhere else. Texts say what was wrong and what to do; they never repeat the peer's octets.
 */
import { type Reply, reply } from "./reply.ts";

// --- connection -----------------------------------------------------------------------------

/** `name` is the server's FQDN, which must come first. RFC 5321 §4.3.1 */
export const greeting = (name: string): Reply => reply(220, null, `${name} ESMTP`);
/** RFC 5321 §3.8 */
export const SHUTTING_DOWN = reply(421, "3.2", "Service is shutting down, try again in a minute");
export const TOO_MANY_CONNECTIONS = reply(
  421,
  "7.0",
  "Too many connections from your address, close some first",
);
export const OVERLOADED = reply(421, "3.2", "Too busy now, try again in a minute");
/** RFC 5321 §4.5.3.2.7 */
export const IDLE = reply(421, "4.2", "Nothing heard for too long, closing");
export const TOO_MANY_ERRORS = reply(421, "7.0", "Too many errors, closing");
export const TOO_MANY_IDLE = reply(421, "7.0", "Too many commands without a message, closing");
export const NOT_SMTP = reply(421, "7.0", "This is a mail submission port and takes only SMTP");
export const TLS_ON_CLEAR_PORT = reply(
  421,
  "7.0",
  "This port starts in clear and needs STARTTLS; for TLS at once use the submissions port",
);
export const FLOOD = reply(421, "7.0", "Command line without end, closing");
/** A bug of ours; the connection ends, the server lives. */
export const DEFECT = reply(421, "3.0", "Internal error, closing; try again later");
/** Octets behind STARTTLS are an injection, not commands. RFC 3207 §4.2 */
export const DATA_AFTER_STARTTLS = reply(
  554,
  "5.0",
  "Nothing may follow STARTTLS before the TLS handshake, closing",
);
export const EARLY_TALKER = reply(554, "5.0", "Wait for the greeting before you send, closing");

// --- any command ----------------------------------------------------------------------------

/** RFC 5321 §4.2.4 */
export const UNKNOWN_COMMAND = reply(500, "5.1", "Command not known");
export const LINE_TOO_LONG = reply(500, "5.2", "Command line too long");
/** RFC 5321 §2.3.8 */
export const BARE_NEWLINE = reply(
  501,
  "5.2",
  "Lines end in CRLF; a CR or LF alone, or a NUL, may not appear",
);
export const BAD_CHARACTERS = reply(501, "5.2", "Control or 8-bit characters are not allowed here");
export const BAD_ARGUMENT = reply(501, "5.4", "Argument missing or not understood");
export const NO_ARGUMENT_ALLOWED = reply(501, "5.4", "This command takes no argument");
export const NOT_IMPLEMENTED = reply(502, "5.1", "Command not implemented");
export const OUT_OF_ORDER = reply(503, "5.1", "Command out of order");
export const NEED_EHLO = reply(503, "5.1", "Send EHLO first");
/** RFC 3207 §4, RFC 8314 §4.1 */
export const NEED_TLS = reply(530, "7.0", "Must issue a STARTTLS command first");
/** RFC 4954 §6, RFC 6409 §4.3 */
export const NEED_AUTH = reply(530, "7.0", "Authentication required");
/** A fault of ours; nothing was accepted. */
export const LOCAL_ERROR = reply(451, "3.0", "Local error, nothing was accepted; try again later");
export const NO_SPACE = reply(452, "3.1", "No room to keep the message now; try again later");
export const OK = reply(250, "0.0", "OK");
export const BYE = reply(221, "0.0", "Goodbye");
/** RFC 5321 §3.5.3, §7.3 */
export const NOT_VERIFIED = reply(252, "5.0", "Not verified; send the message and we will try");
export const HELP = reply(
  214,
  "0.0",
  "Mail submission: EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, QUIT",
  "See RFC 6409 and RFC 5321, or ask your mail administrator",
);

// --- EHLO, STARTTLS -------------------------------------------------------------------------

/** First the server's FQDN, then a keyword a line. RFC 5321 §4.1.1.1 */
export const capabilities = (name: string, keywords: ReadonlyArray<string>): Reply =>
  reply(250, null, name, ...keywords);
/** RFC 3207 §4 */
export const READY_FOR_TLS = reply(220, "0.0", "Ready to start TLS");
export const NO_TLS_NOW = reply(454, "7.0", "TLS not available now; try again later");
export const TLS_ACTIVE = reply(503, "5.1", "TLS is already active");

// --- AUTH -----------------------------------------------------------------------------------

/** `data` is base64 already. RFC 4954 §4 */
export const challenge = (data: string): Reply => reply(334, null, data);
export const AUTHENTICATED = reply(235, "7.0", "Authentication succeeded");
/** The same for unknown, wrong and locked. RFC 4954 §6 */
export const BAD_CREDENTIALS = reply(535, "7.8", "Authentication credentials invalid");
export const ACCOUNT_DISABLED = reply(525, "7.13", "Account disabled; ask your mail administrator");
/** Told only after the right password. RFC 4954 §6 */
export const MECHANISM_TOO_WEAK = reply(
  534,
  "7.9",
  "This mechanism is too weak for your account; choose a stronger one",
);
/** Keys for this mechanism are made at the next login that shows the password. RFC 4954 §6 */
export const TRANSITION_NEEDED = reply(
  432,
  "7.12",
  "Sign in once with PLAIN, then this mechanism works",
);
export const AUTH_CANCELLED = reply(501, "7.0", "Authentication cancelled");
export const AUTH_BAD_BASE64 = reply(501, "5.2", "Response is not valid base64");
export const AUTH_BAD_FORM = reply(
  501,
  "5.2",
  "Response does not have the form that this mechanism asks for",
);
export const AUTH_LINE_TOO_LONG = reply(500, "5.6", "Authentication line too long");
export const AUTH_UNKNOWN_MECHANISM = reply(
  504,
  "5.4",
  "Authentication mechanism not offered; see the EHLO reply",
);
export const AUTH_LATER = reply(454, "7.0", "Authentication not possible now; try again later");
export const ALREADY_AUTHENTICATED = reply(503, "5.1", "Already authenticated");
export const TOO_MANY_FAILURES = reply(421, "7.0", "Too many failed logins, closing");

// --- MAIL -----------------------------------------------------------------------------------

export const SENDER_OK = reply(250, "1.0", "Sender OK");
export const BAD_MAIL_SYNTAX = reply(501, "5.2", "Say MAIL FROM:<address>, with angle brackets");
export const BAD_SENDER_SYNTAX = reply(501, "1.7", "Sender address not valid");
/** RFC 6409 §4.2 */
export const SENDER_NOT_QUALIFIED = reply(554, "1.8", "Sender domain must be fully qualified");
/** RFC 6409 §6.1 */
export const NOT_OWNER = reply(550, "7.1", "Your account may not send as this address");
/** RFC 6531 §3.5 */
export const SENDER_NEEDS_UTF8 = reply(550, "6.7", "Non-ASCII sender needs the SMTPUTF8 parameter");
/** RFC 1870 §6.1 */
export const TOO_BIG = reply(552, "3.4", "Message larger than this server takes");
/** RFC 5321 §4.1.1.11 */
export const UNKNOWN_PARAMETER = reply(555, "5.4", "Parameter not known or not offered");
export const BAD_PARAMETER = reply(501, "5.4", "Parameter value missing, malformed or repeated");
/** The account was removed or disabled after it signed in. RFC 6409 §6.1 */
export const ACCOUNT_GONE = reply(
  550,
  "7.1",
  "Your account may not send any more; ask your mail administrator",
);
/** RFC 9422 §4.1 */
export const TOO_MANY_MESSAGES = reply(
  421,
  "7.0",
  "Too many messages on this connection, send the rest on another",
);
/** RFC 6710 §4.2 */
export const priorityLowered = (priority: number): Reply =>
  reply(250, "3.6", `${priority} is the priority of this message; your account has no higher one`);
export const BAD_PRIORITY = reply(501, "5.2", "MT-PRIORITY is a number from -9 to 9");
export const PRIORITY_TOO_LOW = reply(550, "7.15", "Messages of this priority are not accepted");
export const TOO_BIG_FOR_PRIORITY = reply(552, "7.16", "Message too large for its priority");
/** RFC 4865 §6 */
export const TOO_MUCH_HELD = reply(
  552,
  "2.2",
  "Too many of your messages wait for their time; send this one later without HOLDFOR or HOLDUNTIL",
);
/** RFC 2852 §4.1.3 */
export const DELIVERBY_TOO_SOON = reply(
  555,
  "5.4",
  "BY asks for delivery sooner than can be promised",
);
export const RATE_LIMITED = reply(451, "7.1", "Too many messages for now; try again later");
export const TOO_MANY_NEW_RECIPIENTS = reply(
  451,
  "7.1",
  "Too many recipients that you never wrote to before; try again tomorrow",
);

// --- RCPT -----------------------------------------------------------------------------------

export const RECIPIENT_OK = reply(250, "1.5", "Recipient OK");
export const BAD_RCPT_SYNTAX = reply(501, "5.2", "Say RCPT TO:<address>, with angle brackets");
export const BAD_RECIPIENT_SYNTAX = reply(501, "1.3", "Recipient address not valid");
/** RFC 6409 §4.2 */
export const RECIPIENT_NOT_QUALIFIED = reply(
  554,
  "1.2",
  "Recipient domain must be fully qualified",
);
export const RECIPIENT_NEEDS_UTF8 = reply(
  553,
  "6.7",
  "Non-ASCII recipient needs the SMTPUTF8 parameter on MAIL",
);
export const NO_LITERALS = reply(550, "7.1", "Mail to address literals is not accepted");
/** RFC 5321 §4.5.3.1.10 */
export const TOO_MANY_RECIPIENTS = reply(
  452,
  "5.3",
  "Too many recipients, send the rest in another transaction",
);
export const NO_SUCH_DOMAIN = reply(550, "1.2", "Recipient domain does not exist");
/** RFC 5321 §5.1 */
export const NO_ADDRESS_FOR_DOMAIN = reply(
  550,
  "1.2",
  "Recipient domain has neither a mail exchanger nor an address",
);
/** RFC 7505 §4.1 */
export const NULL_MX = reply(556, "1.10", "Recipient domain accepts no mail");
/** Not the words of the recipient's own host: `postern suppress list` has them. */
export const SUPPRESSED = reply(
  550,
  "1.1",
  "Mail to this address failed for good lately; the postmaster here can lift this",
);
/** Nothing waits here for it, and one transaction reaches one server. RFC 5321 §4.5.3.1.10 */
export const OTHER_HOP = reply(
  452,
  "5.3",
  "This recipient has another mail server than those before, send to it in another transaction",
);
/** The next hop wants the client's own login, and this one showed no password. */
export const NEEDS_PASSWORD_LOGIN = reply(
  550,
  "7.0",
  "The mail server of this recipient wants your own login: sign in with PLAIN or LOGIN",
);
export const NO_ROUTE = reply(550, "7.1", "No route is configured for this recipient");

// --- data -----------------------------------------------------------------------------------

export const SEND_DATA = reply(354, null, "Send the message, end with a dot on a line of its own");
/** RFC 2920 §3.2 */
export const NO_VALID_RECIPIENTS = reply(554, "5.1", "No valid recipients");
/** The octets that follow can no longer be distinguished from commands. RFC 3030 §2 */
export const FRAMING_LOST = reply(
  421,
  "7.0",
  "Where the chunk ends is not known, or it is too large to be read here; closing",
);
/** RFC 3030 §3 */
export const BINARY_NEEDS_BDAT = reply(503, "5.1", "BODY=BINARYMIME needs BDAT, not DATA");
/** RFC 5321 §4.2.5: only after message and envelope are on stable storage. */
export const queued = (id: string): Reply => reply(250, "0.0", `OK queued as ${id}`);
/** RFC 5321 §2.3.8 */
export const BARE_NEWLINE_IN_DATA = reply(
  554,
  "6.0",
  "Message refused: it holds a CR or LF alone, or a NUL",
);
// BURL. RFC 4468 §6, errata 895 and 896
export const BURL_NO_RECIPIENTS = reply(554, "5.0", "No recipients have been specified");
export const BURL_BAD_URL = reply(
  501,
  "5.4",
  "Not the URL of a message part with URLAUTH, or something else than LAST behind it",
);
/** The URL is not for this account, or not for submission at all. */
export const BURL_NOT_ALLOWED = reply(
  554,
  "7.0",
  "The URL is not for your login: it must say submit+ and the name you signed in with",
);
export const BURL_NO_TRUST = reply(
  554,
  "7.14",
  "No trust between this server and that IMAP server; see the EHLO reply",
);
export const BURL_NOT_FETCHED = reply(554, "6.6", "The IMAP server does not give the content away");
export const BURL_SERVER_DOWN = reply(451, "4.1", "IMAP server not reachable, try again later");
export const BURL_TOO_BIG = reply(554, "3.4", "Message larger than this server takes");
/** What BURL has brought was taken. */
export const byBurl = (r: Reply): Reply => ({ ...r, detail: "5.0" });
/** `fault` is our own wording with at most a field name checked to be printable. RFC 6409 §3.2, §6.3 */
export const badMessage = (fault: string): Reply => reply(554, "6.0", `Message refused: ${fault}`);
export const NEEDS_CHARSET = reply(
  554,
  "6.1",
  "Message refused: 8-bit text without MIME headers that is not UTF-8",
);
/** RFC 6409 §8.4, RFC 3030 §3 */
export const notEncodable = (where: string): Reply =>
  reply(
    554,
    "6.3",
    `Message refused: a line is over 998 octets where it may not be encoded (${where})`,
  );
/** RFC 5321 §6.3 */
export const LOOP = reply(554, "4.6", "Too many Received fields, the message is looping");
/** RFC 6409 §6.2 */
export const RECIPIENT_NOT_ALLOWED = reply(
  550,
  "7.1",
  "Your account may not send to this recipient; ask your mail administrator",
);
/** The same at the end of data, where rights changed since RCPT. */
export const RECIPIENTS_NOT_ALLOWED = reply(
  550,
  "7.1",
  "Your account may not send to one of the recipients; ask your mail administrator",
);
/** A message of others that is passed on, where the site does not do that. RFC 5322 §3.6.6 */
export const NOT_PASSED_ON = reply(
  550,
  "7.1",
  "This server passes on no messages of others; forward it as an attachment",
);
/** A signing key is out of reach: rather later than unsigned. RFC 6376 §5.1 */
export const CANNOT_SIGN = reply(
  451,
  "3.5",
  "The message must be signed and cannot be now; try again later",
);
/** RFC 6409 §6.3 */
export const notYourAddress = (field: string): Reply =>
  reply(550, "7.1", `Your account may not send as the address in the ${field} field`);
/** Beside an address that may be used; many mail programs show the name alone. RFC 6409 §6.3 */
export const nameOfAnother = (field: string): Reply =>
  reply(
    550,
    "7.1",
    `The name in the ${field} field shows an address that your account may not send as; take it out of the name`,
  );
/** RFC 6531 §3.5: found out only now, since the hop was asked before. */
export const HOP_WITHOUT_UTF8 = reply(
  554,
  "6.9",
  "A recipient's mail server takes no UTF-8 in header or addresses; write those in ASCII",
);
/** RFC 1870 §6.2 */
export const HOP_TOO_SMALL = reply(
  552,
  "3.4",
  "Message larger than a recipient's mail server takes; send a smaller one, or a link",
);
/** RFC 6152 §3 */
export const CONTENT_NOT_CONVERTIBLE = reply(
  554,
  "6.3",
  "A recipient's mail server takes ASCII only, and this signed or encoded message cannot be converted",
);
/** RFC 8689 §4.2.1 */
export const HOP_WITHOUT_REQUIRETLS = reply(
  550,
  "7.10",
  "A recipient's mail server does not promise TLS all the way; send without REQUIRETLS",
);
export const NO_MESSAGE = reply(554, "6.0", "Message refused: there is no message");
/** RFC 6854 §2.1, §3: From holds no mailbox at all. */
export const NO_AUTHOR = reply(
  550,
  "7.1",
  "Your account may not send with a From that names nobody",
);
/** RFC 9989: authors in several domains have no policy that could pass. */
export const AUTHORS_IN_SEVERAL_DOMAINS = reply(
  550,
  "7.1",
  "Your account may not send with authors of several domains in the From field",
);
/** What must be changed is covered by a signature that the change would break. RFC 6409 §8, RFC 6376 §3.5 */
export const signedField = (field: string): Reply =>
  badMessage(`${field} field needs a repair that would break the message's DKIM signature`);
/** The same where Sender would have to name the account. RFC 6409 §8.1 */
export const signedSender = (field: string): Reply =>
  reply(550, "7.1", `Your account must be in the ${field} field, which a DKIM signature covers`);

// --- pass-through: where the next hop is asked while the client waits ----------------------------

/** In the next hop's own words; the encoder of replies cleans and wraps them. RFC 5321 §4.2.5 */
export const byNextHop = (code: number, detail: string, ...text: Reply["text"]): Reply =>
  reply(code, detail, ...text);
/** RFC 3463 §3.5 */
export const HOP_UNREACHABLE = reply(
  451,
  "4.1",
  "The next mail server cannot be used now, nothing was accepted; try again later",
);
export const HOP_BROKE_OFF = reply(
  451,
  "4.2",
  "The next mail server broke off before it had the message, nothing was accepted; try again later",
);
/** RFC 5321 §4.1.1.4: a client that tries again may have it delivered twice. */
export const HOP_DOUBTFUL = reply(
  451,
  "4.2",
  "The next mail server got the message and did not answer; it may have been taken, try again later",
);
/** RFC 3463 §3.4 */
const NOT_CAPABLE = [554, "3.3"] as const;
export const CANNOT_HOLD = reply(
  ...NOT_CAPABLE,
  "This message would have to be kept back, and nothing is kept here",
);
export const CANNOT_PROMISE_TIME = reply(
  ...NOT_CAPABLE,
  "Nothing is kept here, so that delivery by a time cannot be promised; send without BY",
);
export const CANNOT_REPORT = reply(
  ...NOT_CAPABLE,
  "The next mail server reports no success; send without NOTIFY=SUCCESS",
);
export const SEVERAL_HOPS = reply(
  550,
  "5.3",
  "The recipients cannot be reached in one transaction; send to each in a message of its own",
);
export const TOO_MANY_FOR_HOP = reply(
  550,
  "5.3",
  "The next mail server does not take so many recipients at once; send to fewer",
);

// --- what a site decides for itself ---------------------------------------------------------

/** Classes of refusals that a site's policy may give. RFC 6409 §6.2, §6.3 */
const SITE = {
  rights: [550, "7.1"],
  content: [550, "7.0"],
  message: [554, "6.0"],
  recipients: [550, "5.3"],
  later: [451, "7.1"],
} as const;
/** `text` is the site's own; the encoder of replies cleans and wraps it. */
export const siteRefusal = (as: keyof typeof SITE, text: string): Reply =>
  reply(SITE[as][0], SITE[as][1], text);
/** The site's policy failed, and the site wants nothing sent that it did not judge. */
export const POLICY_FAULT = reply(
  451,
  "3.5",
  "The message could not be checked now; try again later",
);
/** A content filter is out of reach, and nothing may go by it. */
export const FILTER_FAULT = reply(
  451,
  "7.1",
  "A content check is not possible now; try again later",
);
export const FILTER_LATER = reply(451, "7.1", "A content check asks to try again later");
export const FILTER_REFUSED = reply(550, "7.0", "Message refused by a content check");
/** In a filter's own words; `code` is 4yz or 5yz. */
export const filterReply = (code: number, detail: string, text: Reply["text"]): Reply =>
  reply(code, detail, ...text);
