/**
 * What a mail program can be led to: kinds of service, how they are secured, and the SRV labels that
 * name them. RFC 6186 §3, RFC 8314 §5.1, RFC 6764 §3, RFC 8620 §2.2, RFC 5804 §1.8
 */

export type Kind =
  | "submission"
  | "imap"
  | "pop3"
  | "sieve"
  | "jmap"
  | "caldav"
  | "carddav"
  | "webdav"
  | "ews"
  | "activesync";

/** `implicit`: TLS from the first byte; `starttls`: cleartext that must be upgraded. RFC 8314 §3 */
export type Security = "implicit" | "starttls" | "https" | "none";

/**
 * How a client may prove who it is. `encrypted` is what configuration files call CRAM-MD5 and DIGEST-MD5; `scram`,
 * for which they have no word, is RFC 5802 and RFC 7677.
 */
export type Auth =
  | "password"
  | "encrypted"
  | "scram"
  | "oauth2"
  | "gssapi"
  | "ntlm"
  | "certificate"
  | "address"
  | "none";

export const AUTHS = [
  "password",
  "encrypted",
  "scram",
  "oauth2",
  "gssapi",
  "ntlm",
  "certificate",
  "address",
  "none",
] as const satisfies ReadonlyArray<Auth>;

/** The form of the user name: the whole address, or its local part. RFC 6186 §4 */
export type UsernameForm = "address" | "local";

/** One place where a service is offered. */
export interface Service {
  readonly kind: Kind;
  readonly security: Security;
  /** A-labels in lower case, no trailing dot. */
  readonly host: string;
  readonly port: number;
  /** Of services over HTTPS: begins with `/`; null elsewhere. */
  readonly path: string | null;
  /** Preferred first. */
  readonly auth: ReadonlyArray<Auth>;
  readonly username: UsernameForm;
  /** Among servers of one label. RFC 2782 */
  readonly priority: number;
  readonly weight: number;
}

/** What an SRV label means. */
export interface SrvLabel {
  /** `_imaps._tcp` */
  readonly label: string;
  readonly kind: Kind;
  readonly security: Security;
  /** The registered port. */
  readonly port: number;
}

/** Labels that are published and asked for; of one kind the better secured first. RFC 8314 §3 */
export const SRV_LABELS: ReadonlyArray<SrvLabel> = [
  { label: "_submissions._tcp", kind: "submission", security: "implicit", port: 465 },
  { label: "_submission._tcp", kind: "submission", security: "starttls", port: 587 },
  { label: "_imaps._tcp", kind: "imap", security: "implicit", port: 993 },
  { label: "_imap._tcp", kind: "imap", security: "starttls", port: 143 },
  { label: "_pop3s._tcp", kind: "pop3", security: "implicit", port: 995 },
  { label: "_pop3._tcp", kind: "pop3", security: "starttls", port: 110 },
  { label: "_jmap._tcp", kind: "jmap", security: "https", port: 443 },
  { label: "_sieve._tcp", kind: "sieve", security: "starttls", port: 4190 },
  { label: "_caldavs._tcp", kind: "caldav", security: "https", port: 443 },
  { label: "_carddavs._tcp", kind: "carddav", security: "https", port: 443 },
];

/** The label of a service; null where none is registered. */
export const labelOf = (s: {
  readonly kind: Kind;
  readonly security: Security;
}): SrvLabel | null =>
  SRV_LABELS.find((l) => l.kind === s.kind && l.security === s.security) ?? null;

/** The address of a service over HTTPS; null for the others. */
export const urlOf = (s: Service): string | null =>
  s.security === "https"
    ? `https://${s.host}${s.port === 443 ? "" : `:${s.port}`}${s.path ?? "/"}`
    : null;

/** Where a kind that is reached over HTTPS begins when nobody names a path. RFC 6764 §5, RFC 8620 §2.2 */
export const WELL_KNOWN: Readonly<Partial<Record<Kind, string>>> = {
  jmap: "/.well-known/jmap",
  caldav: "/.well-known/caldav",
  carddav: "/.well-known/carddav",
};

/** Whether a configuration file has a word for a way to sign in here: there is none for SCRAM. AC-7, MC-6 */
export const hasWords = (s: Service): boolean => s.auth.some((a) => a !== "scram");

/** What to type as user name for `address`. */
export const usernameOf = (form: UsernameForm, address: string): string =>
  form === "address" ? address : address.slice(0, address.lastIndexOf("@"));
