/**
 * What a site's own policy file is written against: its types, and submissions to test it with.
 *
 * A file takes `SitePolicyFunction` by `import type`; values of this module are for tests.
 */
import type { SubmissionFacts } from "../lib/ports/site_facts.ts";

export type * from "../lib/ports/site_facts.ts";

/** A submission like many, with what a test wants otherwise. */
export const submission = (other: Partial<SubmissionFacts> = {}): SubmissionFacts => ({
  id: "01TEST",
  receivedAt: Date.UTC(2026, 0, 5, 9, 0, 0),
  account: { id: "alice@example.net", addresses: ["alice@example.net"], groups: [] },
  credential: null,
  client: {
    address: "192.0.2.7",
    helo: "laptop.example.net",
    listener: "submissions",
    tls: "TLSv1.3",
  },
  returnPath: "alice@example.net",
  recipients: ["bob@example.org"],
  authors: ["alice@example.net"],
  header: [
    { name: "From", value: "Alice <alice@example.net>" },
    { name: "To", value: "bob@example.org" },
    { name: "Subject", value: "Lunch" },
    { name: "Date", value: "Mon, 5 Jan 2026 09:00:00 +0000" },
    { name: "Message-ID", value: "<1@example.net>" },
  ],
  body: { octets: 40, eightBit: false, longestLine: 20 },
  trail: [],
  ...other,
});
