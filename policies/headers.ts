/** Which faults of a header are repaired, and which are refused. RFC 6409 §8 */
import type { HeaderRules, HeaderSettings } from "../lib/stages/policy.ts";

/** What stands where no configuration says otherwise: repairs all that says the same afterwards. */
export const standardRepairs: HeaderRules = {
  received: "redacted",
  date: "fix",
  messageId: "fix",
  severalLists: "fix",
  emptyLists: "fix",
  obsoleteAddresses: "fix",
  mimeVersion: "fix",
  layout: "fix",
  from: "reject",
  duplicates: "reject",
  rawUtf8: "fix",
  undisclosed: "off",
  longLines: "fix",
  eightBitBody: "keep",
  domains: new Map(),
  senderMatch: "rights",
  foreignSender: "reject",
};

/** The switches of the configuration, as they are. */
export const asSwitched = (settings: HeaderSettings): HeaderRules => settings;
