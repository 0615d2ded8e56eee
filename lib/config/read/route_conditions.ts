/** The further conditions of a route. */
import type { Range, RouteConditions } from "../../ports/routes.ts";
import { parseSenderCondition } from "../values/sender_condition.ts";
import type { Report, RouteEntry } from "./route_entry.ts";

/** Null where a route has no conditions. */
export const conditions = (entry: RouteEntry, wrong: Report): RouteConditions | null => {
  const size = range(entry, "min_size", "max_size", 0, Infinity, wrong);
  const priority = range(entry, "min_priority", "max_priority", -9, 9, wrong);
  const sender = entry.from?.flatMap((f) => parseSenderCondition(f) ?? []) ?? null;
  const account = entry.account?.map((a) => a.toLowerCase()) ?? null;
  const none = sender === null && account === null && size === null && priority === null;
  return none ? null : { sender, account, size, priority };
};

const range = (
  entry: RouteEntry,
  min: "min_size" | "min_priority",
  max: "max_size" | "max_priority",
  lowest: number,
  highest: number,
  wrong: Report,
): Range | null => {
  const [least = lowest, most = highest] = [entry[min], entry[max]];
  if (entry[min] === undefined && entry[max] === undefined) return null;
  if (least > most) wrong(max, `must not be less than ${min}`);
  return { least, most };
};
