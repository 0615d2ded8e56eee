/** Says what the route of a recipient allows its next hop. */
import { parseMailbox } from "../../address/path.ts";
import type { Config } from "../../config/config.ts";
import type { HopLimits } from "../../ports/routes.ts";
import type { QueueDetail, QueueRecipient } from "../../ports/spool.ts";
import type { Policies } from "../../stages/policy.ts";
import { rerouted } from "../../app/relay_settings.ts";

export const limitWords = ({ connections, perMinute }: HopLimits): string =>
  "at most " + [
    ...connections === null ? [] : [`${connections} connection${connections === 1 ? "" : "s"}`],
    ...perMinute === null ? [] : [`${perMinute} message${perMinute === 1 ? "" : "s"} a minute`],
  ].join(" and ");

/** By recipient; null where it is finished, or nothing limits it. */
export const limitsOf = (
  d: QueueDetail,
  config: Config,
  policies: Policies,
): ReadonlyArray<string | null> => {
  const facts = {
    sender: d.envelope.returnPath,
    account: d.account,
    size: d.size,
    priority: d.envelope.priority ?? 0,
  };
  const routes = policies.routes(config.routes);
  const elsewhere = rerouted(config, policies);
  const routeOf = (r: QueueRecipient) => {
    const mailbox = parseMailbox(r.address);
    if (mailbox === null) return null;
    const via = r.via ?? null;
    return (via === null ? null : elsewhere(via, mailbox)) ?? routes(mailbox, facts);
  };
  return d.recipients.map((r) => {
    if (r.state !== "queued" && r.state !== "leased" && r.state !== "held") return null;
    const rule = routeOf(r)?.rule;
    const limits = rule === undefined ? undefined : config.routes[rule]?.limits;
    return limits === undefined
      ? null
      : `its next hop gets ${limitWords(limits)}, by route ${(rule ?? 0) + 1}`;
  });
};
