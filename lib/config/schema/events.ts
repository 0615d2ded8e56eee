/** `[events]`: what happened to messages, for programs. */
import { z } from "zod";
import { EVENT_KINDS } from "../../ports/outbox.ts";
import { count, span } from "../values/range.ts";

const isWebUrl = (text: string): boolean => {
  try {
    const { protocol, username } = new URL(text);
    return (protocol === "https:" || protocol === "http:") && username === "";
  } catch {
    return false;
  }
};

export const events = z.strictObject({
  webhook: z.string().refine(isWebUrl, {
    error: 'must be an https: or http: URL without a login, such as "https://example.com/mail"',
  }).optional().describe("Where events are posted to, signed and until they are taken"),
  secret_file: z.string().min(1, { error: "must be the path of a file" }).optional().describe(
    "File whose first line is the key of the signatures; needed with webhook",
  ),
  log: z.string().min(1, { error: "must be the path of a file" }).optional().describe(
    "File to which events are appended, one JSON object a line",
  ),
  kinds: z.array(z.enum(EVENT_KINDS)).default([...EVENT_KINDS]).describe(
    "Which of them are sent",
  ),
  keep_days: span(3, 0.01, 365, "How long events wait for a receiver that does not take them"),
  max_waiting: count(
    100_000,
    100,
    10_000_000,
    "How many events wait; beyond that the oldest go",
  ),
}).prefault({});

export type EventsEntry = z.infer<typeof events>;
