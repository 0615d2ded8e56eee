import type { ClientProfile } from "./profile.ts";

export const outlook: ClientProfile = {
  client: "Outlook (Windows)",
  version: "as documented, 2026",
  ways: [{ via: "pox", hosts: ["domain", "autodiscover", "srv"] }],
  otherwise: "asks for the settings",
  // O-3
  remarks: ["uncertain: whether IMAP accounts are still made from this differs by build"],
};
