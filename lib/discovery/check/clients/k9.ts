import type { ClientProfile } from "./profile.ts";

/** One bad section rejects the whole file. AC-7 */
export const k9: ClientProfile = {
  client: "K-9 / Thunderbird for Android",
  version: "summer 2026",
  ways: [{
    via: "autoconfig",
    files: ["https-host", "https-domain", "http-host", "http-domain"],
    strict: true,
    typed: false,
  }],
  otherwise: "asks for the settings",
  remarks: [],
};
