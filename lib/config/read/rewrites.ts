/** From `[[alias]]` and `[[rewrite]]`, each value valid by itself, to rules. */
import { parseDomainName } from "../../address/domain.ts";
import type { Mailbox } from "../../address/mailbox.ts";
import { parseMailbox } from "../../address/path.ts";
import { parsePattern } from "../../address/pattern.ts";
import type { Rewrite, RewriteSettings } from "../../address/rewrite.ts";
import type { Problem } from "../config.ts";
import { problemAt, type Source } from "./problems.ts";
import type { ConfigFile } from "../schema/schema.ts";
import { domainOf } from "../schema/rewrite.ts";

const mailboxes = (texts: ReadonlyArray<string>): ReadonlyArray<Mailbox> =>
  texts.flatMap((t) => parseMailbox(t) ?? []);

export const rewritesOf = (c: Pick<ConfigFile, "alias" | "rewrite">): RewriteSettings => ({
  aliases: c.alias.flatMap(({ address, to }) =>
    mailboxes([address]).map((own) => ({ address: own, to: mailboxes(to) }))
  ),
  rewrites: c.rewrite.flatMap(({ address, to, where }): ReadonlyArray<Rewrite> => {
    const pattern = parsePattern(address);
    const result = to.startsWith("*@") ? parseDomainName(to.slice(2)) : parseMailbox(to);
    return pattern === null || pattern._tag === "Below" || result === null
      ? []
      : [{ address: pattern, to: result, places: where }];
  }),
});

/** Rules for other domains than one's own. RFC 5321 §2.3.11 */
export const foreignRules = (source: Source, c: ConfigFile): ReadonlyArray<Problem> => {
  const local = new Set((c.rights.local_domains ?? []).map((d) => parseDomainName(d)?.ascii));
  const check = (table: "alias" | "rewrite", all: ReadonlyArray<{ readonly address: string }>) =>
    all.flatMap(({ address }, i) => {
      const domain = domainOf(address);
      return domain !== null && local.has(domain) ? [] : [problemAt(
        source,
        [table, i, "address"],
        "must be of a domain that local_domains of [rights] names: other people's addresses stay as they are",
      )];
    });
  return [...check("alias", c.alias), ...check("rewrite", c.rewrite)];
};
