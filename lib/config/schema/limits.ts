/** `[limits]`: every limit of the server, with the defaults of docs/design/requirements.md. RFC 5321 §4.5.3 */
import { z } from "zod";
import { count, span } from "../values/range.ts";

export const limits = z.strictObject({
  message_bytes: count(
    36_700_160,
    1024,
    2_147_483_647,
    "Octets of a message, told in EHLO as SIZE. RFC 1870",
  ),
  data_memory_mb: count(
    32,
    1,
    1_048_576,
    "Memory for message data of all connections on its way to the disk; when it is used up, connections wait their turn",
  ),
  recipients: count(
    1000,
    100,
    100_000,
    "RCPT commands of one transaction; the rest is answered 452",
  ),
  messages_per_session: count(
    10_000,
    100,
    999_999,
    "MAIL commands of one connection, told in EHLO as MAILMAX; the next one is answered 421",
  ),
  command_line_bytes: count(4096, 2048, 65_536, "Octets of a command line"),
  auth_line_bytes: count(12_288, 12_288, 1_048_576, "Octets of AUTH and of a line of its exchange"),
  header_bytes: count(262_144, 16_384, 16_777_216, "Octets of a header section"),
  header_fields: count(1000, 50, 100_000, "Fields of a header"),
  addresses_per_field: count(1000, 100, 100_000, "Addresses in one field"),
  received_fields: count(100, 20, 1000, "Received fields; more are taken for a loop"),
  idle_seconds: span(
    300,
    1,
    86_400,
    "Silence between commands until 421; RFC 5321 asks for 300",
  ),
  data_seconds: span(
    180,
    1,
    86_400,
    "Silence within a message until 421; RFC 5321 asks for 180",
  ),
  handshake_seconds: span(60, 1, 3600, "Time for a TLS handshake"),
  answer_seconds: span(
    110,
    1,
    119,
    "Time that an answer may take; slower checks end in 451, and a commit that is begun is awaited. RFC 6409 §5.3",
  ),
  errors: count(20, 1, 10_000, "Refused commands of a session until 421"),
  idle_commands: count(100, 1, 100_000, "Commands without a message in between until 421"),
  auth_failures: count(3, 3, 100, "Failed logins of a session; the next command is answered 421"),
  auth_delay_seconds: span(
    30,
    0,
    30,
    "Longest delay before a login from an address that has failed before",
  ),
  auth_lock_failures: count(
    20,
    3,
    1_000_000,
    "Failed logins for one account from one address block until both together are locked out (454)",
  ),
  auth_lock_minutes: span(15, 0.1, 10_080, "How long such a lock lasts"),
  connections: count(10_000, 1, 1_000_000, "Connections at once"),
  connections_per_address: count(100, 1, 1_000_000, "Connections at once from one address"),
  connections_per_account: count(100, 1, 1_000_000, "Signed-in connections at once of one account"),
  messages_per_hour: count(
    0,
    0,
    1_000_000_000,
    "Messages of one account in an hour; 0: any number",
  ),
  recipients_per_hour: count(
    0,
    0,
    1_000_000_000,
    "Recipients of one account in an hour; 0: any number",
  ),
  new_recipients_per_day: count(
    0,
    0,
    1_000_000_000,
    "Recipients of one account in a day that it never wrote to before; 0: any number",
  ),
  null_senders_per_hour: count(
    0,
    0,
    1_000_000_000,
    "Messages with a null return path of one account in an hour; 0: any number",
  ),
  resubmit_minutes: span(
    60,
    0,
    1440,
    "How long the same message (all but Date and Received) from the same login counts as sent already; 0: not at all",
  ),
}).prefault({});
