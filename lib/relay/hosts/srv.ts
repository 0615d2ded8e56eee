/**
 * The hosts that SRV records name, in the order in which they are tried. RFC 2782, RFC 6186 §3.4
 *
 * Asks the Resolver; connects to nothing.
 */
import { Effect } from "effect";
import { type Draw, orderSrv, randomDraw } from "../../discovery/choose.ts";
import type { Srv } from "../../ports/dns.ts";
import { Resolver } from "../../ports/resolver.ts";
import { ours, type Verdict } from "../../smtp/client/verdict.ts";
import { hostsOf, type MxHost, trouble } from "./mx.ts";

export interface SrvHost extends MxHost {
  readonly port: number;
}

export type SrvPlan =
  | {
    readonly _tag: "Hosts";
    readonly hosts: ReadonlyArray<SrvHost>;
    /** DNSSEC vouches for the records. */
    readonly secure: boolean;
  }
  | { readonly _tag: "None"; readonly verdict: Verdict };

const MAX_TARGETS = 20;
const MAX_ADDRESSES = 10;

const none = (kind: "temporary" | "permanent", status: string, text: string): SrvPlan => ({
  _tag: "None",
  verdict: ours(kind, status, text),
});

/** `_submission._tcp.example.net` in its parts. */
export const serviceOf = (name: string): { readonly service: string; readonly domain: string } => {
  const [service = "", , ...domain] = name.split(".");
  return { service: service.slice(1), domain: domain.join(".") };
};

/** The port of a service by its registration, where no record says one. RFC 6186 §3.1, RFC 8314 §7.3 */
const PORT: Readonly<Record<string, number>> = { submission: 587, submissions: 465, smtps: 465 };

/**
 * Without records the domain itself serves, on the port of the service. A sole `.` says that there is no such
 * service. Targets are looked up as they are; aliases among them are followed all the same. HOP-07, HOP-08
 */
export const planSrv: (
  name: string,
  draw?: Draw,
) => Effect.Effect<SrvPlan, never, Resolver> = Effect.fnUntraced(
  function* (name, draw = randomDraw) {
    const resolver = yield* Resolver;
    const { service, domain } = serviceOf(name);
    const answer = yield* resolver.lookup(name, "SRV");
    if (answer._tag === "Trouble") {
      const t = trouble(answer.kind);
      return t._tag === "None" ? t : none("temporary", "4.4.3", answer.reason);
    }
    const order = orderSrv(answer._tag === "Found" ? answer.records : [], draw);
    if (order.absent) return none("permanent", "5.4.4", `${domain} offers no ${service} service`);
    const targets: ReadonlyArray<Pick<Srv, "target" | "port">> = answer._tag === "Found"
      ? order.targets.slice(0, MAX_TARGETS)
      : [{ target: domain, port: PORT[service] ?? 25 }];
    const found = yield* Effect.forEach(targets, (t) => resolver.addresses(t.target), {
      concurrency: 4,
    });
    const hosts = targets.flatMap(({ target, port }, i) =>
      hostsOf(target, found[i]).map((h): SrvHost => ({ ...h, port }))
    );
    return hosts.length === 0 ? none("temporary", "4.4.4", `No host of ${name} has an address`) : {
      _tag: "Hosts" as const,
      hosts: hosts.slice(0, MAX_ADDRESSES),
      secure: answer.secure,
    };
  },
);
