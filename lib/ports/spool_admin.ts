/** An operator's view of the spool, and changes to it while a server may be running. */
import { Context, type Effect } from "effect";
import type { Mailbox } from "../address/mailbox.ts";
import type { DeliveryState, QueueDetail, QueueEntry, SpoolError } from "./spool.ts";

/**
 * Recipients of messages, by everything that is given; nothing given is all of them. Text is compared without
 * regard to ASCII case, and `*` in it matches any characters.
 */
export interface Selection {
  readonly id?: string;
  /** The return path; empty for the null one. */
  readonly sender?: string;
  readonly account?: string;
  readonly recipient?: string;
  /** Of the recipient; each of these is looked for. */
  readonly domain?: ReadonlyArray<string>;
  /** See `hopKey`. */
  readonly hop?: string;
  /** Accepted before this time, ms. */
  readonly before?: number;
  readonly after?: number;
  readonly states?: ReadonlyArray<DeliveryState>;
  /** What the start of a server held, and not a policy or an operator. */
  readonly doubted?: true;
}

export type Change =
  /** Due now. */
  | { readonly _tag: "Retry" }
  /** By hand, until it is released; in place of a hold that is over. */
  | { readonly _tag: "Hold"; readonly reason?: string; readonly doubted?: true }
  /** Whatever held it; what else would have ended the hold of its message is void. */
  | { readonly _tag: "Release" }
  /** Undelivered, without a bounce. */
  | { readonly _tag: "Remove" }
  /** To another next hop than the routes say, and due now; null: by the routes again. `hop`: its key. */
  | {
    readonly _tag: "Reroute";
    readonly via: { readonly text: string; readonly hop: string } | null;
  }
  /** Another address in place of the one selected. `hop`: where that leads now. */
  | { readonly _tag: "Edit"; readonly to: Mailbox; readonly hop: string };

export interface Changed {
  readonly recipients: number;
  /** Their messages, oldest first. */
  readonly messages: ReadonlyArray<string>;
  /** Recipients among them that a server has in its hands: waiting there, or on the wire. */
  readonly leased: number;
}

/** Recipients of one next hop in one state. */
export interface QueueCount {
  readonly hop: string;
  readonly state: DeliveryState;
  readonly recipients: number;
  /** When the next of them is due, ms; null where none is. */
  readonly due: number | null;
}

export interface Listing {
  /** Finished messages too. */
  readonly all: boolean;
  readonly selection?: Selection;
  /** At most this many; absent: all. */
  readonly limit?: number;
}

/** An address to which no mail is accepted for a while. */
export interface Suppression {
  /** ASCII letters in lower case. */
  readonly address: string;
  readonly since: number;
  readonly until: number;
  /** What its host said, or an operator. */
  readonly reason: string;
}

export interface SpoolAdminService {
  /** Oldest first; recipients that do not fit the selection are there too. */
  readonly list: (o: Listing) => Effect.Effect<ReadonlyArray<QueueEntry>, SpoolError>;
  /** As `list`, one after the other, in little memory; returns how many there are beyond `limit`. */
  readonly walk: (
    o: Listing,
    visit: (entry: QueueEntry) => void,
  ) => Effect.Effect<number, SpoolError>;
  /** Of what is not finished. */
  readonly count: Effect.Effect<ReadonlyArray<QueueCount>, SpoolError>;
  readonly show: (id: string) => Effect.Effect<QueueDetail | null, SpoolError>;
  /**
   * What is in the spool of a message's content, in order, whether or not it is what was accepted; a piece that cannot
   * be read is null. False: there is no such message.
   */
  readonly content: (
    id: string,
    visit: (piece: Uint8Array | null) => void,
  ) => Effect.Effect<boolean, SpoolError>;
  /** Touches what is selected and in a state for it; `dryRun` only tells what that would be. */
  readonly change: (
    change: Change,
    selection: Selection,
    o?: { readonly dryRun: boolean },
  ) => Effect.Effect<Changed, SpoolError>;
  /**
   * Recipients of these messages that were held or removed while a running server had them leased: it lets go of
   * them within about a second, save what is on the wire.
   */
  readonly underWay: (messages: ReadonlyArray<string>) => Effect.Effect<number, SpoolError>;
  /** Id of the message that a token belongs to; null: none, or it was used. */
  readonly heldBy: (token: string) => Effect.Effect<string | null, SpoolError>;
  /** Ends the hold of `token`, once: releases the message, or removes it. Nothing: no such token. */
  readonly redeem: (
    token: string,
    then: "release" | "cancel",
  ) => Effect.Effect<Changed, SpoolError>;
  readonly suppressions: Effect.Effect<ReadonlyArray<Suppression>, SpoolError>;
  readonly suppress: (s: Suppression) => Effect.Effect<void, SpoolError>;
  /** False where it was not there. */
  readonly unsuppress: (address: string) => Effect.Effect<boolean, SpoolError>;
}

const SpoolAdminBase: Context.ServiceClass<SpoolAdmin, "postern/SpoolAdmin", SpoolAdminService> =
  Context.Service<SpoolAdmin, SpoolAdminService>()("postern/SpoolAdmin");

/** The key under which an Effect asks for {@link SpoolAdminService}. */
export class SpoolAdmin extends SpoolAdminBase {}
