/** How a route passes messages through, and what prevents that. */
import type { HopTemplate, PassThrough } from "../../ports/routes.ts";
import type { Report, RouteEntry } from "./route_entry.ts";
import { levelOf, VERIFIED } from "./route_hop.ts";

/** Undefined: its 250 stands for the spool. `spool`: there is one. */
export const passThroughOf = (
  entry: RouteEntry,
  hop: HopTemplate | null,
  spool: boolean,
  wrong: Report,
): PassThrough | undefined => {
  const login = entry.forward_login === true;
  if (!spool && entry.durability !== "next_hop") {
    wrong("durability", 'must be "next_hop": there is no spool, since spool.url is "none"');
    return undefined;
  }
  if (entry.durability !== "next_hop") {
    if (login) {
      wrong(
        "forward_login",
        'needs durability = "next_hop": a password is not kept until a message leaves the spool',
      );
    }
    return undefined;
  }
  if (hop?._tag === "Maildir") {
    wrong("durability", "maildir: has no reply that could be passed on");
  }
  if (login && hop !== null) forwarding(entry, hop, wrong);
  return { login, spool: spool && !login };
};

/** Who gets passwords must be known by name, and show it. RFC 4954 §9, RFC 8314 §4.4 */
const forwarding = (entry: RouteEntry, hop: HopTemplate, wrong: Report): void => {
  if (entry.username !== undefined || ("login" in hop && hop.login !== null)) {
    wrong("forward_login", "the route has a login of its own: give one or the other");
  }
  const members = hop._tag === "Several" ? hop.hops : [hop];
  if (members.some((h) => h._tag !== "Smtp" && h._tag !== "Srv")) {
    wrong("forward_login", "works only with smtp:, smtps: and srv:");
    return;
  }
  const level = levelOf(hop);
  if (level === null || !VERIFIED.includes(level)) {
    wrong(
      "forward_login",
      `needs tls = "required", "dane" or "dane-only", and it is ${
        JSON.stringify(level ?? "none")
      }: else anyone could read the passwords`,
    );
  }
};
