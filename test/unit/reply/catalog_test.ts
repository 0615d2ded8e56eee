import assert from "node:assert/strict";
import { REFUSAL_CLASSES } from "../../../lib/ports/site_facts.ts";
import * as catalog from "../../../lib/reply/catalog.ts";
import { render, type Reply } from "../../../lib/reply/reply.ts";

/** The catalogue of requirements.md §14: every code, and the enhanced codes that may stand beside it. */
const LEDGER: Readonly<Record<number, string>> = {
  214: "2.0.0",
  220: "none 2.0.0",
  221: "2.0.0",
  235: "2.7.0",
  250: "none 2.0.0 2.1.0 2.1.5 2.3.6 2.5.0 2.6.4",
  252: "2.5.0 2.6.8",
  334: "none",
  354: "none",
  421: "4.3.2 4.4.2 4.7.0",
  432: "4.7.12",
  450: "4.7.15",
  451: "4.3.0 4.3.5 4.4.1 4.4.3 4.7.1",
  452: "4.3.1 4.5.3",
  454: "4.7.0",
  455: "4.5.4",
  500: "5.5.1 5.5.2 5.5.6",
  501: "5.1.3 5.1.7 5.5.2 5.5.4 5.7.0",
  502: "5.5.1",
  503: "5.5.1 5.5.0",
  504: "5.5.4",
  525: "5.7.13",
  530: "5.7.0",
  534: "5.7.9",
  535: "5.7.8",
  550: "5.1.1 5.1.2 5.1.8 5.5.3 5.6.7 5.6.8 5.7.0 5.7.1 5.7.15 5.7.17 5.7.18 5.7.19 5.7.27",
  552: "5.2.2 5.3.4 5.7.16",
  553: "5.6.7",
  554: "5.1.2 5.1.8 5.3.2 5.3.4 5.4.6 5.5.0 5.5.1 5.6.0 5.6.1 5.6.3 5.6.6 5.6.9 5.7.0 5.7.14",
  555: "5.5.4",
  556: "5.1.10",
};

/**
 * Beyond the ledger: the connection that meets a bug of ours, which has no row there; and what the ledger has as
 * a status of reports alone, said in advance (EXT-RTLS-2) or, where messages are passed through, at once: 4.4.2, and
 * 5.3.3 for what needs a queue. RFC 3463 §3.4, §3.5
 */
const BEYOND: ReadonlySet<string> = new Set(["421 4.3.0", "451 4.4.2", "550 5.7.10", "554 5.3.3"]);

const replies: ReadonlyArray<readonly [string, Reply]> = Object.entries(catalog).flatMap(
  ([name, value]): ReadonlyArray<readonly [string, Reply]> => {
    if (typeof value !== "function") return [[name, value]];
    if (name === "filterReply") return [[name, catalog.filterReply(550, "7.1", ["x"])]];
    if (name === "byNextHop") return [[name, catalog.byNextHop(550, "7.1", "x")]];
    if (name === "byBurl") return [[name, catalog.byBurl(catalog.queued("x"))]];
    if (name === "siteRefusal") {
      return REFUSAL_CLASSES.map((as) => [`${name} ${as}`, catalog.siteRefusal(as, "x")]);
    }
    // texts with a name in them: greeting, capabilities, queued, badMessage, ...
    const made: Reply = name === "capabilities"
      ? catalog.capabilities("msa.example.net", ["SIZE 1"])
      : (value as (text: string) => Reply)("x");
    return [[name, made]];
  },
);

Deno.test("catalog: no reply is left out of these tests", () => {
  assert.ok(replies.length > 60);
});

for (const [name, r] of replies) {
  Deno.test(`catalog: ${name} stands in the ledger with its enhanced code`, () => {
    const enhanced = r.detail === null ? "none" : `${Math.trunc(r.code / 100)}.${r.detail}`;
    if (BEYOND.has(`${r.code} ${enhanced}`)) return;
    assert.ok(LEDGER[r.code]?.split(" ").includes(enhanced), `${r.code} ${enhanced}`);
  });

  // SMTP-03, EXT-ESC-1, EXT-UTF-4
  Deno.test(`catalog: ${name} is well formed, and ASCII of a length that needs no wrapping`, () => {
    assert.equal(render(r).split("\r\n").length - 1, r.text.length);
    for (const line of r.text) assert.match(line, /^[\x20-\x7e]*$/);
    if (r.detail !== null) assert.match(r.detail, /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/);
  });
}
