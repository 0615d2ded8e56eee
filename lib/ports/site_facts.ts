/**
 * The input of a site's own policy, and its answer: plain data, which goes to a worker and comes back. Imports
 * nothing, so that a site can check its file against it alone.
 */

export type NoteValue = string | number | boolean | ReadonlyArray<string>;

/** Goes into the trail of the message. */
export type Notes = Readonly<Record<string, NoteValue>>;

/** One field of the header as it is to leave. */
export interface FieldFacts {
  readonly name: string;
  /** On one line; UTF-8 is decoded, encoded words are not. */
  readonly value: string;
}

/** A submission at the end of its data: rights are judged, repairs are done, nothing is signed yet. */
export interface SubmissionFacts {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  readonly account: {
    /** The login name: the primary address. */
    readonly id: string;
    /** The primary address, then the aliases. */
    readonly addresses: ReadonlyArray<string>;
    readonly groups: ReadonlyArray<string>;
  };
  /** Which of several credentials signed in; null where there is one. */
  readonly credential: string | null;
  readonly client: {
    readonly address: string;
    readonly helo: string;
    readonly listener: "submission" | "submissions";
    /** `TLSv1.3`; null in clear. */
    readonly tls: string | null;
  };
  /** Null for `<>`. */
  readonly returnPath: string | null;
  readonly recipients: ReadonlyArray<string>;
  /** Mailboxes of From. */
  readonly authors: ReadonlyArray<string>;
  readonly header: ReadonlyArray<FieldFacts>;
  readonly body: {
    readonly octets: number;
    readonly eightBit: boolean;
    /** In octets. */
    readonly longestLine: number;
  };
  /** What the stages before decided. */
  readonly trail: ReadonlyArray<{
    readonly stage: string;
    readonly verdict: string;
    readonly rule: string;
    readonly facts: Readonly<
      Record<string, string | number | boolean | null | ReadonlyArray<string>>
    >;
  }>;
}

/** `rights` 550 5.7.1, `content` 550 5.7.0, `message` 554 5.6.0, `recipients` 550 5.5.3, `later` 451 4.7.1. */
export type RefusalClass = "rights" | "content" | "message" | "recipients" | "later";

/** All {@link RefusalClass} values. */
export const REFUSAL_CLASSES: ReadonlyArray<RefusalClass> = [
  "rights",
  "content",
  "message",
  "recipients",
  "later",
];

/** What a site's policy decides about a submission; `undefined` lets it pass. */
export type SiteDecision =
  | { readonly verdict: "pass"; readonly notes?: Notes }
  | {
    readonly verdict: "refuse";
    readonly as: RefusalClass;
    /** For the sender: what is wrong and what to do. ASCII, at most 400 characters. */
    readonly text: string;
    readonly notes?: Notes;
  }
  | {
    readonly verdict: "hold";
    /** For `postern queue` and the owner. */
    readonly reason: string;
    /** Absent: until it is released. */
    readonly minutes?: number;
    /** What happens then: it goes out, or it comes back; `release` where absent. */
    readonly then?: "release" | "expire";
    readonly notes?: Notes;
  };

/** The default export of a site's file. Nothing returned is `pass`. */
export type SitePolicyFunction = (submission: SubmissionFacts) => SiteDecision | undefined;
