import type { ClientProfile } from "./profile.ts";

/** Does not read `_submissions`; looks at weights only, and likes STARTTLS better. */
export const aerc: ClientProfile = {
  client: "aerc",
  version: "summer 2026",
  ways: [{
    via: "srv",
    incoming: ["jmap", "imap", "imaps"],
    outgoing: ["submission", "smtps"],
    pick: "largest-weight",
    listed: true,
    both: false,
  }, {
    via: "autoconfig",
    files: ["https-host", "https-domain"],
    strict: false,
    typed: false,
  }],
  otherwise: "guesses by the domain and by its mail exchanger",
  remarks: [],
};
