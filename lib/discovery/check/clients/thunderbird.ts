import type { ClientProfile } from "./profile.ts";

/** Reads no SRV records of mail in any version. */
export const thunderbird: ClientProfile = {
  client: "Thunderbird",
  version: "156 (summer 2026)",
  ways: [{
    via: "autoconfig",
    files: ["https-host", "https-domain", "http-host", "http-domain"],
    strict: false,
    typed: true,
  }, {
    via: "pox",
    hosts: ["autodiscover", "domain", "srv"],
  }],
  otherwise: "guesses imap., pop3., pop., mail. and smtp. of the domain",
  remarks: [],
};
