/** What a session needs from the server, and the input and result of a question. */
import type { ScramKeys } from "../../envelope/login.ts";
import type { SessionFacts } from "../../envelope/session.ts";
import type { ClientCertificate } from "../../ports/accounts.ts";
import type { Certificates } from "../../ports/certificates.ts";
import type { BodyDigest } from "../../ports/signer.ts";
import type { SpoolError, Staging } from "../../ports/spool.ts";
import type { Reply } from "../../reply/reply.ts";
import type { Rules } from "../../smtp/server/extension.ts";
import type { Input, Question, State } from "../../smtp/server/state.ts";
import type { MessageReader } from "../../smtp/syntax/message_reader.ts";
import type { DataShare } from "./data_memory.ts";
import type { FetchPart } from "./fetch_part.ts";

/** What was received with the question `Submit`. */
export interface ReceivedData {
  readonly reader: MessageReader;
  readonly body: Staging;
  /** Null where no key could sign. */
  readonly digest: BodyDigest | null;
  /** Set where the body could not be written as it came. */
  readonly fault: SpoolError | null;
}

export interface Answer {
  readonly reply: Reply;
  readonly account: string | null;
  readonly keys?: ScramKeys;
}

/** An answer that is a reply and nothing else. */
export const just = (reply: Reply): Answer => ({ reply, account: null });

/** What the server sees of a session that is open. */
export interface OpenSession {
  readonly id: string;
  /** The client's, which a trusted proxy may have named. */
  readonly remoteAddress: string;
  /** When something must be heard, ms by the monotonic clock. */
  readonly deadline: number;
  /** The deadline has passed. */
  expire(): void;
  /** The server stops: what runs is finished, everything else gets its 421. */
  stop(): void;
  destroy(): void;
}

/** What a session needs of the server. */
export interface SessionHost {
  readonly rules: Rules;
  readonly certificates: Certificates["Service"];
  readonly headerBytes: number;
  /** All in milliseconds. */
  readonly idleMs: number;
  readonly dataMs: number;
  readonly handshakeMs: number;
  readonly stage: () => Staging;
  /** Hashes the body while it comes in; null where no key could sign. */
  readonly digest: () => BodyDigest | null;
  /** Memory for a message on its way in. */
  readonly share: () => DataShare;
  /**
   * Octets to storage; the session reads on when `done` is called, which says whether all that was written is on
   * disk. `through`: it should be.
   */
  readonly write: (
    body: Staging,
    chunk: Uint8Array,
    through: boolean,
    done: (fault: SpoolError | null, onDisk: boolean) => void,
  ) => void;
  /** Answers a question; `done` may be called at once. Never throws; null: a bug showed. */
  readonly ask: (
    session: SessionFacts,
    question: Question,
    data: ReceivedData | null,
    done: (answer: Answer | null) => void,
  ) => void;
  /** Fetches a part for BURL. */
  readonly fetch: FetchPart;
  /** The account that a verified client certificate stands for. */
  readonly certified: (
    certificate: ClientCertificate,
    done: (account: string | null) => void,
  ) => void;
  /** Told of each reply from 450 on, and what led to it. */
  readonly refused: (
    session: { readonly id: string; readonly address: string },
    reply: Reply,
    input: Input | null,
    before: State,
  ) => void;
  readonly closed: (session: OpenSession) => void;
  /** A proxy names the client: `take` makes it so. A reply: the session is not wanted. */
  readonly renamed: (session: OpenSession, address: string, take: () => void) => Reply | null;
}
