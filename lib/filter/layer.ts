/** The Layer behind `Filters`: each with its deadline. */
import { Duration, Effect, Layer } from "effect";
import { type Filter, FilterFault, Filters } from "../ports/filters.ts";
import type { Place } from "./channel.ts";
import { askMilter } from "./milter.ts";
import { askRspamd, type RspamdPlace } from "./rspamd.ts";

export type FilterPlace =
  | { readonly _tag: "Milter"; readonly place: Place }
  | { readonly _tag: "Rspamd"; readonly place: RspamdPlace };

export interface FilterSettings {
  readonly name: string;
  readonly at: FilterPlace;
  /** For one message, from connecting to its last word. */
  readonly within: Duration.Duration;
  readonly onFault: "accept" | "refuse";
}

/** `maxBytes`: of a body by which a filter replaces ours. */
export const filtersLayer = (
  all: ReadonlyArray<FilterSettings>,
  maxBytes: number,
): Layer.Layer<Filters> => Layer.succeed(Filters, all.map((f) => filterOf(f, maxBytes)));

const filterOf = (f: FilterSettings, maxBytes: number): Filter => {
  const ask = f.at._tag === "Rspamd" ? askRspamd(f.at.place) : askMilter(f.at.place, maxBytes);
  const late = new FilterFault({ problem: `no answer within ${Duration.format(f.within)}` });
  return {
    name: f.name,
    onFault: f.onFault,
    look: (m) =>
      Effect.timeoutOrElse(ask(m), { duration: f.within, orElse: () => Effect.fail(late) }),
  };
};
