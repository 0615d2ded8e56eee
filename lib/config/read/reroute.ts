/** The next hop that an operator chooses in place of the routes, written as `via` of a route. */
import { hopKey, type RouteRule, type RouteTable } from "../../ports/routes.ts";
import { routeRule } from "./routes.ts";
import { parseVia, VIA_FORMS } from "../values/via.ts";

/** For all recipients. `known`: the route to the same next hop, whose terms hold here too. */
export interface Reroute {
  readonly rule: RouteRule;
  readonly known: RouteRule | null;
}

/** What is wrong with `via`, in words, where it is no next hop; a login belongs into the configuration. */
export const rerouteTo = (via: string, table: RouteTable): Reroute | { readonly fault: string } => {
  if (parseVia(via) === null) return { fault: `must be ${VIA_FORMS}` };
  const faults: Array<string> = [];
  const around = {
    resolve: (path: string) => path,
    readSecret: () => ({ fault: "has no place here" }),
  };
  const rule = routeRule({ to: "*", via }, around, (_key, message) => faults.push(message));
  if (rule === null) return { fault: faults.join("; ") };
  if (rule.credentials !== null) return { fault: "cannot contain a login: add a route for it" };
  const known = table.find((r) => placeOf(r.hop) === placeOf(rule.hop)) ?? null;
  return { rule: known === null ? rule : { ...known, pattern: "*" }, known };
};

/** The place of a next hop, without its login. */
const placeOf = (hop: RouteRule["hop"]): string =>
  hop._tag === "MxOfRecipient"
    ? `mx:${hop.port}`
    : "login" in hop
    ? hopKey({ ...hop, login: null })
    : hopKey(hop);
