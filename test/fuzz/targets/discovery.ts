/** What strangers answer to discovery: DNS messages, XML and JSON documents, certificates. threats.md rows 32, 34, 35 */
import assert from "node:assert/strict";
import { readAutoconfig } from "../../../lib/discovery/discover/autoconfig_document.ts";
import { readPacc } from "../../../lib/discovery/discover/pacc.ts";
import { readPox } from "../../../lib/discovery/discover/pox.ts";
import { readAnswer } from "../../../lib/dns/message.ts";
import { srvIdsOf } from "../../../lib/net/srv_id.ts";
import type { RecordType } from "../../../lib/ports/dns.ts";
import { autoconfig } from "../../support/discover_world.ts";
import type { Target } from "../target.ts";

const HEAD = "\0\x01\x81\x80\0\x01\0\x01\0\0\0\0";
const NAME = "\x07example\x03org\0";
const asked = (type: number) => `${NAME}\0${String.fromCharCode(type)}\0\x01`;
const record = (type: number, data: string) =>
  `\xc0\x0c\0${String.fromCharCode(type)}\0\x01\0\0\0\x3c\0${
    String.fromCharCode(data.length)
  }${data}`;
const TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
} as const;

const DATA: Readonly<Record<keyof typeof TYPES, string>> = {
  A: "\xc0\0\x02\x01",
  NS: "\x02ns\xc0\x0c",
  CNAME: "\x01b\xc0\x0c",
  SOA: `\x01m\xc0\x0c\x01r\xc0\x0c${"\0\0\0\x01".repeat(5)}`,
  PTR: "\x01p\xc0\x0c",
  MX: "\0\x0a\x02mx\xc0\x0c",
  TXT: "\x05hello\x01x",
  AAAA: "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01",
  SRV: "\0\0\0\x01\x03\xe1\x04mail\xc0\x0c",
};

/** A name out of an answer ends up in logs, configuration files and connections. */
const NAMES = /^(?:[\x21-\x2d\x2f-\x5b\x5d-\x7e]{1,63}(?:\.|$)){0,127}$/;

export const dnsAnswer: Target = {
  name: "dns_answer",
  tokens: [
    HEAD,
    NAME,
    ...Object.values(TYPES).map(asked),
    ...Object.entries(TYPES).map(([name, type]) => record(type, DATA[name as keyof typeof TYPES])),
    "\xc0\x0c",
    "\xc0\x00",
    "\xff\xff",
    "\0\0\x29\x04\xd0\0\0\0\0\0\0",
  ],
  seeds: Object.entries(TYPES).map(([name, type]) =>
    HEAD + asked(type) + record(type, DATA[name as keyof typeof TYPES])
  ),
  run: (input, random) => {
    const type = random.pick(Object.keys(TYPES) as ReadonlyArray<RecordType>);
    const said = readAnswer(input, {
      id: 1,
      name: "example.org",
      type,
      recursion: true,
      edns: true,
      unchecked: false,
    });
    if (said === null || said._tag === "Trouble" || said._tag === "Again") return;
    for (const alias of said.aliases) assert.match(alias, NAMES);
    if (said._tag !== "Records") return;
    for (const r of said.records) {
      if (typeof r === "string") assert.match(r, /^[\x21-\x7e]*$/);
      else if ("target" in r) assert.match(r.target, NAMES);
      else if ("exchange" in r) assert.match(r.exchange, NAMES);
    }
  },
};

const HOST = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/;

export const documents: Target = {
  name: "documents",
  tokens: [
    "<clientConfig>",
    "<emailProvider>",
    "</emailProvider>",
    '<incomingServer type="imap">',
    "</incomingServer>",
    "<hostname>a.test</hostname>",
    "<port>993</port>",
    "<socketType>SSL</socketType>",
    "<!DOCTYPE a>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "&amp;",
    "&#x110000;",
    "<Response>",
    "<Account>",
    '{"protocols":',
    '{"imap":{"host":"a.test"}}',
    '"info":{"provider":{"name":"x"}}',
    "}",
    "[",
    "null",
    "1e999",
  ],
  seeds: [
    autoconfig("mail.example.com"),
    '{"info":{"provider":{"name":"x"}},"protocols":{"imap":{"host":"m.test"},"jmap":{"url":"https://j.test/x"}}}',
    "<Autodiscover><Response><Account><Protocol><Type>IMAP</Type><Server>m.test</Server><Port>993</Port></Protocol></Account></Response></Autodiscover>",
  ],
  run: (input) => {
    const read = readAutoconfig(input);
    const hosts = read._tag === "Document" ? read.document.servers.map((s) => s.host) : [];
    const pox = readPox(input, "a@example.com");
    if (pox._tag === "Servers") hosts.push(...pox.servers.map((s) => s.host));
    hosts.push(...(readPacc(input)?.servers ?? []).map((s) => s.host));
    for (const host of hosts) assert.match(host, HOST);
    srvIdsOf(input);
  },
};
