/** The origin of a copy of another server's message. */
import type { Hold } from "./hold.ts";

/** A recipient that the server is not done with. */
export interface OpenRecipient {
  readonly address: string;
  /** See `hopKey`. */
  readonly hop: string;
  /** The next hop that an operator chose in place of the routes; null: none was. */
  readonly via: string | null;
  readonly held: boolean;
  /** Ms. */
  readonly due: number;
  readonly attempts: number;
}

/** A spool that copies come from. A server whose disk was replaced has another one. */
export interface Source {
  /** Host name of the server. */
  readonly origin: string;
  /** Told from others by this. */
  readonly spool: string;
}

/** What a copy is kept for: whose it is, and whom the message must still reach. */
export interface CopyOf extends Source {
  readonly open: ReadonlyArray<OpenRecipient>;
  /** What holds it there; null: nothing does, or an operator. */
  readonly hold: Hold | null;
}
