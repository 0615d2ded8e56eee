/** All fuzz targets, and the inputs that once broke one of them. */
import { createHash } from "node:crypto";
import type { Target } from "./target.ts";
import { dnsAnswer, documents } from "./targets/discovery.ts";
import { chunks, mime } from "./targets/body.ts";
import { milter, rspamd } from "./targets/filters.ts";
import { delivery } from "./targets/delivery.ts";
import { address, date, header } from "./targets/message.ts";
import { nextHop, proxy, sasl } from "./targets/peers.ts";
import { stsPolicy, tlsReportRecord } from "./targets/policies.ts";
import { dnsQuery, poxRequest, tsigAnswer } from "./targets/served.ts";
import { replica } from "./targets/replica.ts";
import { smtp, smuggling } from "./targets/smtp.ts";

export const targets: ReadonlyArray<Target> = [
  smtp,
  smuggling,
  chunks,
  mime,
  delivery,
  header,
  address,
  date,
  nextHop,
  sasl,
  proxy,
  replica,
  stsPolicy,
  tlsReportRecord,
  dnsAnswer,
  documents,
  dnsQuery,
  tsigAnswer,
  poxRequest,
  milter,
  rspamd,
];

const directory = (target: string): URL => new URL(`./corpus/${target}/`, import.meta.url);

export const corpus = (
  target: string,
): ReadonlyArray<{ readonly name: string; readonly octets: Uint8Array }> => {
  try {
    return [...Deno.readDirSync(directory(target))].map(({ name }) => ({
      name,
      octets: Deno.readFileSync(new URL(name, directory(target))),
    }));
  } catch (e) {
    if (e instanceof Deno.errors.NotFound) return [];
    throw e;
  }
};

/** Keeps an input under the name of its digest; returns the path. */
export const save = (target: string, input: Uint8Array): string => {
  Deno.mkdirSync(directory(target), { recursive: true });
  const name = createHash("sha256").update(input).digest("hex").slice(0, 16);
  const file = new URL(name, directory(target));
  Deno.writeFileSync(file, input);
  return file.pathname;
};
