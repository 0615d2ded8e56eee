/** `[holds]`: when accepted messages are held. */
import { z } from "zod";
import { parseMailbox } from "../../address/path.ts";
import { count, span } from "../values/range.ts";

export const holds = z.strictObject({
  grace_seconds: count(
    0,
    0,
    3600,
    "How long every message waits, so that its owner can call it back; 0: not at all",
  ),
  grace: z.record(
    z.string().refine((s) => parseMailbox(s) !== null, {
      error: 'must be the primary address of an account, such as "alice@example.net"',
    }),
    z.int().min(0).max(3600),
  ).optional().describe("Seconds of grace for accounts that differ, by primary address"),
  notify_grace: z.boolean().default(true).describe(
    "Tell the owner of each message that waits for grace, with the token that calls it back",
  ),
  burst_recipients: count(
    0,
    0,
    1_000_000,
    "Recipients that an account may write to for the first time within burst_minutes; more are held; 0: any number",
  ),
  burst_minutes: span(60, 1, 10_080, "Window of burst_recipients"),
  unusual: z.array(z.enum(["address", "name"])).default([]).describe(
    "Hold what comes from a client whose address block or EHLO name the account did not use within unusual_days",
  ),
  unusual_days: span(30, 1, 365, "How long a client is remembered"),
  minutes: span(1440, 1, 43_200, "How long bursts and unusual clients are held"),
  then: z.enum(["release", "expire"]).default("expire").describe(
    "What becomes of those then: they leave, or they go back to the sender",
  ),
  notify: z.boolean().default(true).describe(
    "Tell the owner of those, with the token that lets them go or calls them back",
  ),
}).prefault({});
