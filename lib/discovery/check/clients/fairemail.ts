import type { ClientProfile } from "./profile.ts";

/** At a tie it takes `_imaps`, but `_submission`. */
export const fairemail: ClientProfile = {
  client: "FairEmail",
  version: "1.2331",
  ways: [{
    via: "srv",
    incoming: ["imaps", "imap"],
    outgoing: ["submission", "submissions"],
    pick: "priority-then-largest-weight",
    listed: false,
    both: true,
  }, {
    via: "autoconfig",
    files: ["https-host", "https-domain", "http-host"],
    strict: false,
    typed: false,
  }, { via: "pox", hosts: ["autodiscover", "domain"] }],
  otherwise: "scans the usual ports",
  remarks: [],
};
