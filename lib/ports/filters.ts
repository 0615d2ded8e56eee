/** Content filters: programs beside this one that look at a message before it is signed. RFC 6409 §6.3 */
import { Context, Data, type Effect, Layer } from "effect";
import type { Envelope } from "../envelope/envelope.ts";
import type { SessionFacts } from "../envelope/session.ts";
import type { Field } from "../message/header.ts";
import type { StoredBody } from "./stored_body.ts";
import type { TaggedErrorClass } from "./tagged_error.ts";

/** A message as it would leave, without the Received field that is our own. */
export interface FilteredMessage {
  readonly id: string;
  readonly hostname: string;
  readonly session: SessionFacts;
  /** The login name. */
  readonly account: string;
  readonly envelope: Envelope;
  readonly fields: ReadonlyArray<Field>;
  /** Null: there is no body to be read. */
  readonly body: StoredBody | null;
  readonly bodyOctets: number;
}

/** Values are latin1 text, one char per octet, folded with CRLF where they are folded. */
export type HeaderEdit =
  /** At the end. */
  | { readonly _tag: "Add"; readonly name: string; readonly value: string }
  /** Before the field with that index, from 0. */
  | { readonly _tag: "Insert"; readonly at: number; readonly name: string; readonly value: string }
  /** The `nth` of that name, from 1; a null value takes it out, and adds nothing where there is none. */
  | {
    readonly _tag: "Change";
    readonly nth: number;
    readonly name: string;
    readonly value: string | null;
  }
  /** All of that name. */
  | { readonly _tag: "Drop"; readonly name: string };

/** How a filter wants it answered; null: as usual for its verdict. */
export interface FilterReply {
  readonly code: number;
  /** Second and third part of the enhanced code. */
  readonly detail: string;
  readonly text: readonly [string, ...ReadonlyArray<string>];
}

/** What becomes of a message by the word of a filter. */
export type FilterVerdict =
  | { readonly _tag: "Pass" }
  | { readonly _tag: "Refuse"; readonly reply: FilterReply | null }
  | { readonly _tag: "Later"; readonly reply: FilterReply | null }
  | { readonly _tag: "Hold"; readonly reason: string }
  /** Accepted and thrown away. */
  | { readonly _tag: "Discard" };

/** What a filter made of a message: its verdict, and what it wants changed in the header. */
export interface FilterResult {
  readonly verdict: FilterVerdict;
  readonly edits: ReadonlyArray<HeaderEdit>;
  /** Addresses without angle brackets. */
  readonly addRecipients: ReadonlyArray<string>;
  readonly dropRecipients: ReadonlyArray<string>;
  /** Absent: it stays; empty: `<>`. */
  readonly returnPath?: string;
  /** Absent: it stays. */
  readonly body?: ReadonlyArray<Uint8Array>;
  /** For the trail. */
  readonly facts: Readonly<Record<string, string | number | ReadonlyArray<string>>>;
}

export const PASSED: FilterResult = {
  verdict: { _tag: "Pass" },
  edits: [],
  addRecipients: [],
  dropRecipients: [],
  facts: {},
};

const FilterFaultBase: TaggedErrorClass<"FilterFault"> = Data.TaggedError("FilterFault");

/** Out of reach, too slow, or it answered what nobody asked for. */
export class FilterFault extends FilterFaultBase<{ readonly problem: string }> {
  override get message(): string {
    return this.problem;
  }
}

/** A content filter of the site: it looks at a message and says what becomes of it. */
export interface Filter {
  readonly name: string;
  /** What becomes of a message that it could not judge. */
  readonly onFault: "accept" | "refuse";
  readonly look: (message: FilteredMessage) => Effect.Effect<FilterResult, FilterFault>;
}

const FiltersBase: Context.ServiceClass<Filters, "postern/Filters", ReadonlyArray<Filter>> = Context
  .Service<
    Filters,
    ReadonlyArray<Filter>
  >()("postern/Filters");

/** In the order in which they are asked; each sees what those before it made of the message. */
export class Filters extends FiltersBase {}

/** Asks nobody. */
export const noFilters: Layer.Layer<Filters> = Layer.succeed(Filters, []);
