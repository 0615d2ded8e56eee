/** Offers that tests of autodiscovery share. */
import { type DomainSettings, type Offer, offerOf } from "../../lib/discovery/offer.ts";

export const OWN = {
  host: "mail.example.com",
  submission: [587],
  submissions: [465],
  web: "mail.example.com",
};

const at = (port: number) => [{ host: "mail.example.com", port }];

/** 1024 bits would fit into one string; this is as long as a 2048-bit key. */
export const LONG_DKIM = `v=DKIM1; k=rsa; p=${"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A".repeat(12)}IDAQAB`;

/** Everything of autodiscovery.md §10.1. */
export const FULL: DomainSettings = {
  domain: "example.com",
  name: "Example Mail",
  servers: {
    "_imaps._tcp": at(993),
    "_jmap._tcp": at(443),
    "_sieve._tcp": at(4190),
    "_caldavs._tcp": at(443),
    "_carddavs._tcp": at(443),
  },
  paths: { "_caldavs._tcp": "/dav/cal", "_carddavs._tcp": "/dav/card" },
  hosts: [
    { host: "mail.example.com", addresses: ["192.0.2.10", "2001:db8::10"] },
    { host: "mx.example.com", addresses: ["192.0.2.11"] },
  ],
  mx: [{ preference: 10, host: "mx.example.com" }],
  spf: 'v=spf1 mx exp="%{d}" -all',
  dmarc: "v=DMARC1; p=reject; rua=mailto:dmarc@example.com",
  dkim: [
    { selector: "s2026", value: LONG_DKIM },
    { selector: "ed", value: "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=" },
  ],
  mtaSts: { mode: "enforce", mx: ["mx.example.com"], maxAgeSeconds: 604_800 },
  tlsReports: ["mailto:tls@example.com"],
  caa: [
    { flags: 0, tag: "issue", value: "letsencrypt.org" },
    { flags: 128, tag: "iodef", value: "mailto:ca@example.com" },
  ],
  tlsa: [{
    owner: "_25._tcp.mx.example.com",
    usage: 3,
    selector: 1,
    matching: 1,
    certificate: "0123456789abcdef".repeat(4),
  }],
  compat: { smtps: true, mailconf: true, autodiscover: true },
  ttl: 300,
};

export const fullOffer = (change: Partial<DomainSettings> = {}): Offer =>
  offerOf({ ...FULL, ...change }, OWN);
