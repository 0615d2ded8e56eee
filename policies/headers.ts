/** What is repaired in a header, and what is refused. RFC 6409 §8 */
import type { HeaderRules, HeaderSettings } from "../lib/stages/policy.ts";

/** Repairs all that can be repaired, and refuses a Sender of somebody else. */
export const repairAll = (settings: HeaderSettings): HeaderRules => ({
  received: settings.received,
  date: settings.date,
  messageId: settings.messageId,
  severalLists: "fix",
  emptyLists: "fix",
  obsoleteAddresses: "fix",
  mimeVersion: "fix",
  layout: "fix",
  senderMatch: "envelope",
  foreignSender: "reject",
});
