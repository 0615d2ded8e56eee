/** `[replica]`: copies of accepted messages on a second server. */
import { z } from "zod";
import { fullyQualified, parseDomainName } from "../../address/domain.ts";
import { parseListener } from "../values/address.ts";
import { span } from "../values/range.ts";

const listener = z.string().refine((s) => parseListener(s) !== null, {
  error:
    'must be "host:port" with a port from 1 to 65535 (0: any free one), such as "0.0.0.0:4650" or "[::]:4650"',
});

const node = z.string().refine((s) => {
  const d = parseDomainName(s);
  return d !== null && fullyQualified(d);
}, { error: 'must be the hostname of a server, such as "msa2.example.com"' });

export const replica = z.strictObject({
  to: z.string().refine((s) => (parseListener(s)?.port ?? 0) > 0, {
    error: 'must be "host:port", such as "msa2.example.com:4650"',
  }).optional().describe(
    'The server that keeps copies of what has a route with durability "replicated"; its certificate must be for this name',
  ),
  ca: z.string().min(1, { error: "must be the path of a file" }).optional().describe(
    "PEM file with the authorities to trust for it; default: the system's",
  ),
  wait_seconds: span(
    30,
    0,
    3600,
    "At a start nothing is sent for so long, unless that server has said which messages it took over",
  ),
  listen: z.array(listener).default([]).describe(
    "Addresses where other servers bring copies, over TLS with the certificates of [tls]",
  ),
  nodes: z.array(node).default([]).describe("Hostnames of the servers whose copies are kept here"),
  secret_file: z.string().min(1, { error: "must be the path of a file" }).describe(
    "File whose first line the servers show each other",
  ),
}).optional().describe("Copies of accepted messages on a second server");
