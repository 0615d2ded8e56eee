/** The limits of a header. */
import type { HeaderLimits } from "../lib/message/header.ts";

/** What stands where no configuration says otherwise. */
export const standardLimits: HeaderLimits = {
  headerBytes: 262_144,
  headerFields: 1000,
  addressesPerField: 1000,
  receivedFields: 100,
};

/** The limits of the configuration, as they are. */
export const asConfigured = (configured: HeaderLimits): HeaderLimits => configured;
