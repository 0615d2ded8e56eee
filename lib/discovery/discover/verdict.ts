/** The verdict of a run. docs/design/autodiscovery.md §9.1, §9.5 */
import { type FoundService, selected, type Verdict } from "./result.ts";

type Services = ReadonlyArray<FoundService>;

const usable = (services: Services, kinds: ReadonlyArray<FoundService["kind"]>) =>
  kinds.flatMap((k) => selected({ services }, k) ?? []);

/** Something to receive and something to send with. */
export const complete = (services: Services): boolean =>
  usable(services, ["imap", "pop3", "jmap"]).length > 0 &&
  usable(services, ["submission", "jmap"]).length > 0;

/** `unknown`: something that may hold more did not answer, which counts where nothing was found. SEC-7, docs/design/autodiscovery.md §9.5 */
export const verdictOf = (services: Services, unknown: boolean): Verdict => {
  const mail = usable(services, ["imap", "pop3", "jmap", "submission"]);
  if (mail.length === 0) return unknown ? "tempfail" : "none";
  return confirmOr(mail, complete(services) ? "ok" : "partial");
};

const confirmOr = (mail: Services, other: "ok" | "partial"): Verdict =>
  mail.some((s) => s.confirm.length > 0) ? "confirm" : other;

/** By the lowest priority of the SRV records; IMAP at a tie and where there are none. RFC 6186 §3.4, SRV-9 */
export const incomingOf = (services: Services): "imap" | "pop3" | null => {
  const lowest = (kind: "imap" | "pop3"): number | null => {
    const own = services.filter((s) => s.kind === kind && s.rejected === null);
    if (own.length === 0) return null;
    const all = own.flatMap((s) => s.sources.flatMap((x) => x.priority ?? []));
    return all.length === 0 ? 0 : Math.min(...all);
  };
  const imap = lowest("imap");
  const pop3 = lowest("pop3");
  if (imap === null) return pop3 === null ? null : "pop3";
  return pop3 !== null && pop3 < imap ? "pop3" : "imap";
};
