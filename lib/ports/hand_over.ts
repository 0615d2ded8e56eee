/**
 * Handing a message to its next hop while the client waits: pass-through, where the 250 to the client is the next
 * hop's own. Nothing is stored, and nothing is retried. RFC 5321 §4.1.1.4, §4.2.5
 */
import { Context, type Effect, Layer } from "effect";
import type { Envelope } from "../envelope/envelope.ts";
import type { Credentials, Route } from "./routes.ts";
import type { Staging } from "./spool.ts";

/** One message for one next hop. */
export interface Passing {
  readonly id: string;
  readonly acceptedAt: number;
  readonly account: string;
  readonly envelope: Envelope;
  /** As they go to the wire, without angle brackets; all of them by `route`. */
  readonly recipients: ReadonlyArray<string>;
  readonly route: Route;
  /** See `NewMessage`. */
  readonly head: string;
  readonly body: Staging;
  /** Octets of the body. */
  readonly bodyOctets: number;
  readonly eightBit: boolean;
  /** The client's own, to sign in with; on a connection that carries this message alone. */
  readonly login: Credentials | null;
}

/** What a next hop said, or what is said in its place. */
export interface HopReply {
  readonly kind: "accepted" | "temporary" | "permanent";
  /** RFC 3463 §2 */
  readonly status: string;
  /** With its code in front where it is the hop's; printable ASCII on one line, at most 500 characters. */
  readonly text: string;
  /** The words are the hop's own. */
  readonly remote: boolean;
}

/** A reply of the hop, and the host that gave it. */
export interface HopAnswer {
  readonly reply: HopReply;
  /** Host with its address; null where it came to none. */
  readonly remote: string | null;
}

/** What became of a message that was passed through to its next hop while the client waits. */
export type HandedOver =
  /** For every recipient. */
  | HopAnswer & { readonly _tag: "Taken" }
  /** For every recipient alike, before or behind the content. `recipient`: who it was said of, where of one. */
  | HopAnswer & { readonly _tag: "Refused"; readonly recipient: string | null }
  /** Not the same for every recipient, so that nothing was sent; `reply` is the gravest, said of `recipient`. */
  | HopAnswer & { readonly _tag: "Divided"; readonly recipient: string }
  /** Nothing was sent: success would have to be reported by us, or there are more recipients than it takes at once. */
  | {
    readonly _tag: "Unsuited";
    readonly why: "reports" | "recipients";
    readonly remote: string | null;
  }
  /** The hop did not take the client's login: nothing was sent. */
  | HopAnswer & { readonly _tag: "LoginRefused" }
  /** The hop cannot be used, or not in time: nothing was sent. */
  | HopAnswer & { readonly _tag: "Unreachable" }
  /** All of it was sent and no answer came: it may have been taken. */
  | HopAnswer & { readonly _tag: "Doubtful" };

/** Hands a message to its next hop while the client waits; its 250 is then the hop's own. RFC 5321 §4.2.5 */
export interface Handing {
  /** Ends within `queue.pass_through_seconds`, whatever the next hop does. */
  readonly pass: (p: Passing) => Effect.Effect<HandedOver>;
}

const HandOverBase: Context.ServiceClass<HandOver, "postern/HandOver", Handing | null> = Context
  .Service<
    HandOver,
    Handing | null
  >()("postern/HandOver");

/** Null: nobody hands over. */
export class HandOver extends HandOverBase {}

/** Of a composition without a relay. */
export const noHandOver: Layer.Layer<HandOver> = Layer.succeed(HandOver, null);
