/** Features that need a spool, in a configuration without one. */
import type { ConfigFile } from "../schema/schema.ts";

export const NO_SPOOL = "none";

/** `report(path, message)` for every key that asks for something which only a queue can do. */
export const withoutSpool = (
  c: ConfigFile,
  report: (path: ReadonlyArray<string>, message: string) => void,
): void => {
  if (c.spool.url !== NO_SPOOL) return;
  const asks: ReadonlyArray<readonly [boolean, ReadonlyArray<string>]> = [
    [c.extensions.future_release, ["extensions", "future_release"]],
    [c.extensions.deliver_by, ["extensions", "deliver_by"]],
    [c.holds.grace_seconds > 0, ["holds", "grace_seconds"]],
    [Object.values(c.holds.grace ?? {}).some((s) => s > 0), ["holds", "grace"]],
    [c.holds.burst_recipients > 0, ["holds", "burst_recipients"]],
    [c.holds.unusual.length > 0, ["holds", "unusual"]],
    [c.next_hop.tls_reports, ["next_hop", "tls_reports"]],
    [c.replica !== undefined, ["replica"]],
  ];
  for (const [asked, path] of asks) {
    if (asked) report(path, 'needs a spool, and spool.url is "none"');
  }
};
