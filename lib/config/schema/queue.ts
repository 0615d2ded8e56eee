/** `[queue]`: retries, expiry, and time-outs towards next hops. RFC 5321 §4.5.3.2, §4.5.4.1 */
import { z } from "zod";
import { parseMailbox } from "../../address/path.ts";
import { count, span } from "../values/range.ts";

const allowed = { error: "must be a number of minutes from 0.01 to 10080" };
const minutes = z.number(allowed).min(0.01, allowed).max(10_080, allowed);

export const queue = z.strictObject({
  retry_minutes: z.array(
    minutes,
  ).min(1, { error: "needs at least one figure" }).max(100, {
    error: "takes at most 100 figures",
  }).default([30, 60, 120]).describe(
    "Minutes from an attempt to the next one; the last figure repeats",
  ),
  jitter_percent: span(10, 0, 50, "Each delay is spread by this share of itself to both sides"),
  expire_days: span(5, 0.0001, 365, "How long delivery is tried before the sender gets a bounce"),
  expire_null_days: span(1, 0.0001, 365, "The same for messages with a null return path"),
  warn_hours: span(
    4,
    0,
    8760,
    "After this time the sender is told once that delivery takes long; 0: never",
  ),
  suppress_days: span(
    0,
    0,
    365,
    "So long no mail is accepted for an address whose host said that it does not exist; 0: at once again",
  ),
  postmaster_copy: z.string().refine((s) => parseMailbox(s) !== null, {
    error: "must be an address",
  }).optional().describe(
    "Address that gets a copy of each failure report; default: none",
  ),
  connections: count(200, 1, 10_000, "Outgoing connections at once"),
  connections_per_hop: count(4, 1, 10_000, "Outgoing connections at once to one next hop"),
  messages_per_connection: count(500, 1, 1_000_000, "Messages over one connection"),
  connect_seconds: span(30, 0.1, 3600, "Time to connect to one address"),
  greeting_seconds: span(300, 0.1, 3600, "Wait for a next hop's greeting"),
  command_seconds: span(
    300,
    0.1,
    3600,
    "Wait for its reply to EHLO, STARTTLS, AUTH, MAIL and RCPT",
  ),
  data_seconds: span(120, 0.1, 3600, "Wait for its reply to DATA"),
  block_seconds: span(180, 0.1, 3600, "Time for a block of the message to be taken"),
  pass_through_seconds: span(
    540,
    1,
    3600,
    'How long a client may wait for the next hop of a route with durability "next_hop"; clients wait 600',
  ),
  final_seconds: span(600, 0.1, 7200, "Wait for its reply to the end of the message"),
}).prefault({});
