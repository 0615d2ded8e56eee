/** Patterns of domain names: a name, `*.name` for all below it, `*` for all. */

/** Those that match `domain` (A-labels), most specific first. */
export const patternsFor = function* (domain: string): Iterable<string> {
  yield domain;
  for (let dot = domain.indexOf("."); dot >= 0; dot = domain.indexOf(".", dot + 1)) {
    yield `*${domain.slice(dot)}`;
  }
  yield "*";
};
