/** The content filters of the configuration in force. */
import { Effect, Layer } from "effect";
import type { Config, FilterConfig } from "../config/config.ts";
import { type FilterPlace, filtersLayer } from "../filter/layer.ts";
import { type Filters, noFilters } from "../ports/filters.ts";
import { type Failure, misused, reasonOf } from "./failure.ts";

/** Nothing where none is configured. Fails where a password file cannot be read. */
export const filtersOf = (config: Config): Layer.Layer<Filters, Failure> =>
  config.filters.length === 0 ? noFilters : Layer.unwrap(
    Effect.map(
      Effect.forEach(config.filters, (f) =>
        Effect.map(placeOf(f), (at) => ({
          name: f.name,
          at,
          within: f.within,
          onFault: f.onFault,
        }))),
      (all) => filtersLayer(all, config.limits.messageBytes),
    ),
  );

const placeOf = ({ at, passwordFile }: FilterConfig): Effect.Effect<FilterPlace, Failure> => {
  if (at._tag !== "Rspamd") return Effect.succeed({ _tag: "Milter", place: at });
  const { url } = at;
  if (passwordFile === null) {
    return Effect.succeed({ _tag: "Rspamd", place: { url, password: null } });
  }
  return Effect.try({
    try: () => Deno.readTextFileSync(passwordFile).trim(),
    catch: (e) => misused(`${passwordFile}: ${reasonOf(e)}`),
  }).pipe(Effect.map((password) => ({ _tag: "Rspamd" as const, place: { url, password } })));
};
