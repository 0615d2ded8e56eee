import type { ClientProfile } from "./profile.ts";

export const evolution: ClientProfile = {
  client: "Evolution",
  version: "summer 2026",
  ways: [{
    via: "srv",
    incoming: ["imaps", "imap", "pop3s", "pop3"],
    outgoing: ["submissions", "submission"],
    pick: "rfc",
    listed: true,
    both: false,
  }, {
    via: "autoconfig",
    files: ["https-host", "http-host", "https-domain", "http-domain"],
    strict: false,
    typed: false,
  }],
  otherwise: "asks for the settings",
  remarks: [],
};
