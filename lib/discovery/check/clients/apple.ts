import type { ClientProfile } from "./profile.ts";

export const apple: ClientProfile = {
  client: "Apple Mail",
  version: "macOS and iOS, August 2026",
  ways: [{ via: "profile" }],
  otherwise: "asks for the settings",
  remarks: ["finds nothing by itself: give people the link or the QR code of the profile"],
};
