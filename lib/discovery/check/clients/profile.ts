/** How a mail program looks for servers, as data: which sources, in which order, with which rules. docs/design/autodiscovery.md §8 */

/** Which record of one label a client takes. */
export type Pick =
  /** RFC 2782, as it should be. */
  | "rfc"
  /** Lowest priority, then the larger weight. */
  | "priority-then-largest-weight"
  /** The larger weight, whatever the priority. */
  | "largest-weight";

export interface SrvWay {
  readonly via: "srv";
  /** In the order in which the client prefers them; at a tie, if `pick` looks at priorities. */
  readonly incoming: ReadonlyArray<string>;
  readonly outgoing: ReadonlyArray<string>;
  readonly pick: Pick;
  /** The first label that answers wins, whatever its priority. */
  readonly listed: boolean;
  /** Incoming and outgoing must both be found, else the way counts for nothing. */
  readonly both: boolean;
}

/** Autoconfig files, by place. */
export const FILES = ["https-host", "https-domain", "http-host", "http-domain"] as const;
export type File = typeof FILES[number];

export interface FileWay {
  readonly via: "autoconfig";
  readonly files: ReadonlyArray<File>;
  /** One section that is not understood spoils the whole file. AC-7, AC-8 */
  readonly strict: boolean;
  /** Only bodies served as XML are read. AC-1 */
  readonly typed: boolean;
}

export interface PoxWay {
  readonly via: "pox";
  readonly hosts: ReadonlyArray<"domain" | "autodiscover" | "srv">;
}

/** Nothing is looked for: somebody has to open a profile. */
export interface ProfileWay {
  readonly via: "profile";
}

export type Way = SrvWay | FileWay | PoxWay | ProfileWay;

export interface ClientProfile {
  readonly client: string;
  /** The release, and the state of knowledge, that this describes. */
  readonly version: string;
  /** In order: the first one that gives servers wins. */
  readonly ways: ReadonlyArray<Way>;
  /** What it does where nothing was found. */
  readonly otherwise: string;
  /** Things to know that are not settled. */
  readonly remarks: ReadonlyArray<string>;
}

/** What one mail program would end up with for an address of the domain. */
export interface ClientOutcome {
  readonly client: string;
  readonly version: string;
  /** `srv`, `autoconfig https-host`; null where nothing was found. */
  readonly method: string | null;
  /** `imap mail.example.com:993 implicit` */
  readonly incoming: string | null;
  readonly outgoing: string | null;
  readonly problems: ReadonlyArray<string>;
}
