/** Makes the settings of `[events]`, and reports contradictions between its keys. */
import { Duration } from "effect";
import type { EventSettings } from "../config.ts";
import { secretIn, type Surroundings } from "../values/secret.ts";
import type { EventsEntry } from "../schema/events.ts";

export const eventsOf = (
  entry: EventsEntry,
  around: Surroundings,
  report: (key: keyof EventsEntry, message: string) => void,
): EventSettings => {
  const { webhook: url, secret_file: file, log, kinds } = entry;
  if (url !== undefined && file === undefined) {
    report("webhook", "needs a secret_file, whose first line signs what is posted");
  }
  if (url === undefined && file !== undefined) report("secret_file", "works only with webhook");
  const secret = url === undefined || file === undefined
    ? null
    : secretIn(file, around, (message) => report("secret_file", message));
  return {
    webhook: url === undefined || secret === null ? null : { url, secret },
    log: log === undefined ? null : around.resolve(log),
    kinds,
    keep: Duration.days(entry.keep_days),
    most: entry.max_waiting,
  };
};
