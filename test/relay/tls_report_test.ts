/** TLS reports: what is noted of deliveries, and how a domain is told. RFC 8460 */
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { Effect, Layer, Logger } from "effect";
import { TestClock } from "effect/testing";
import fc from "fast-check";
import type { DnsAnswer } from "../../lib/ports/dns.ts";
import { Ids } from "../../lib/ports/ids.ts";
import { Resolver } from "../../lib/ports/resolver.ts";
import { Routes } from "../../lib/ports/routes.ts";
import type { StsPolicy } from "../../lib/ports/sts_policies.ts";
import { type TlsNote, TlsNotes } from "../../lib/ports/tls_notes.ts";
import { Notebook } from "../../lib/tls_reports/tls_notebook.ts";
import { reportAll, reporterLayer } from "../../lib/tls_reports/tls_reporter.ts";
import { reportPlaces, Tally } from "../../lib/tls_reports/tls_tally.ts";
import { makeSelfSigned } from "../../lib/tls/selfsigned.ts";
import { MemorySpool } from "../../lib/testing/memory_spool.ts";
import { stubResolver } from "../support/resolver_stub.ts";
import { type Script, ScriptedHop } from "../support/scripted_hop.ts";
import { smtpHop, withRelay } from "./harness.ts";

const DAY = 86_400_000;
const STS: StsPolicy = { mode: "enforce", mx: ["mx.example.org"], maxAgeSeconds: 86_400 };

/** What is noted of one delivery to `mx.example.org`. */
const noted = async (script: Script, sts?: StsPolicy): Promise<ReadonlyArray<TlsNote>> => {
  const made = await makeSelfSigned(["other.test"], Date.now());
  const tls = { key: made.keyPem, cert: made.certificatePem };
  const hop = await ScriptedHop.start("keywords" in script ? script : { tls, ...script });
  const notes: Array<TlsNote> = [];
  await withRelay({
    hop: { _tag: "Mx", domain: "example.org", port: hop.port, tls: "opportunistic" },
    mx: {
      "example.org": {
        _tag: "Exchangers",
        exchangers: [{ preference: 10, host: "mx.example.org" }],
        implicit: false,
      },
    },
    addresses: { "mx.example.org": { _tag: "Addresses", addresses: ["127.0.0.1"] } },
    ...sts === undefined ? {} : { sts: { "example.org": sts } },
    notes: (n) => notes.push(n),
  }, async (relay) => {
    await relay.settled(await relay.send({ to: ["x@example.org"] }));
  });
  await hop.stop();
  return notes;
};

for (
  const [name, script, sts, want] of [
    ["TLS without a policy", {}, undefined, ["no-policy-found", null]],
    ["no STARTTLS", { keywords: [] }, undefined, ["no-policy-found", "starttls-not-supported"]],
    ["a handshake that fails", { brokenTls: "no TLS\r\n" }, undefined, [
      "no-policy-found",
      "validation-failure",
    ]],
    ["a certificate for another name", {}, STS, ["sts", "certificate-not-trusted"]],
    ["STARTTLS stripped under a policy", { keywords: [] }, STS, ["sts", "starttls-not-supported"]],
    ["a test that fails", {}, { ...STS, mode: "testing" }, ["sts", "certificate-not-trusted"]],
    ["a host that is not listed", {}, { ...STS, mx: ["a.test"] }, ["sts", "validation-failure"]],
    // not about TLS: nothing is noted
    ["a greeting that refuses", { greeting: "421 no" }, undefined, undefined],
  ] as ReadonlyArray<[string, Script, StsPolicy | undefined, [string, string | null] | undefined]>
) {
  Deno.test(`relay notes ${name}. HOP-29`, async () => {
    const [note, ...more] = await noted(script, sts);
    assert.deepEqual(more, []);
    assert.deepEqual(
      note === undefined ? undefined : [note.policy.type, note.failure?.type ?? null],
      want,
    );
    if (note !== undefined) {
      assert.equal(
        `${note.domain} ${note.host} ${note.address}`,
        "example.org mx.example.org 127.0.0.1",
      );
    }
  });
}

for (
  const [name, records, want] of [
    ["mail", ["v=TLSRPTv1; rua=mailto:r@example.org"], ["mailto:r@example.org"]],
    ["both", ["v=TLSRPTv1;rua=https://r.test/x , mailto:r@example.org;"], [
      "https://r.test/x",
      "mailto:r@example.org",
    ]],
    ["other schemes", ["v=TLSRPTv1; rua=http://r.test/x,ftp://a"], []],
    ["two records", ["v=TLSRPTv1; rua=mailto:a@b.test", "v=TLSRPTv1; rua=mailto:a@b.test"], []],
    ["no rua", ["v=TLSRPTv1;"], []],
    ["another version", ["v=TLSRPTv2; rua=mailto:a@b.test"], []],
  ] as ReadonlyArray<[string, ReadonlyArray<string>, ReadonlyArray<string>]>
) {
  Deno.test(`reportPlaces() reads ${name}. HOP-29`, () =>
    assert.deepEqual(reportPlaces(records), want));
}

const note = (failure: TlsNote["failure"]): TlsNote => ({
  domain: "example.org",
  policy: { type: "sts", lines: ["version: STSv1"], mx: ["mx.example.org"] },
  host: "mx.example.org",
  address: "192.0.2.1",
  failure,
});

/** Reports one success and two failures; what was posted, and what was spooled. */
const reported = async (rua: string, takes: boolean) => {
  const tally = new Tally();
  tally.add(note(null));
  const failure = { type: "certificate-not-trusted", reason: "for another name" } as const;
  tally.add(note(failure));
  tally.add(note(failure));
  const spool = new MemorySpool();
  const posted: Array<Uint8Array> = [];
  const txt: DnsAnswer<"TXT"> = {
    _tag: "Found",
    records: [[`v=TLSRPTv1; rua=${rua}`]],
    secure: false,
    ttl: 60,
    aliases: [],
  };
  const services = Layer.mergeAll(
    spool.layer,
    Layer.succeed(Resolver, stubResolver({ lookup: () => Effect.succeed(txt as never) })),
    Layer.succeed(Routes, { find: () => Effect.succeed({ hop: smtpHop(25), pattern: "*" }) }),
    Layer.succeed(Ids, { queueId: () => "Q1", messageIdLeft: () => "id1" }),
    Logger.layer([]),
  );
  await Effect.runPromise(
    reportAll(
      {
        hostname: "msa.example.net",
        contact: "postmaster@example.net",
        path: null,
        post: (_, gzipped) => {
          posted.push(gzipped);
          return Promise.resolve(takes);
        },
      },
      tally.all,
      20_000 * DAY,
    ).pipe(Effect.provide(services)),
  );
  const all = await Effect.runPromise(spool.list({ all: true }));
  return {
    posted,
    mail: all.map((e) => spool.text(e.id)),
    envelopes: await Promise.all(all.map((e) => Effect.runPromise(spool.show(e.id)))),
  };
};

Deno.test("a report is complete over a restart, and made once. HOP-29", async () => {
  const dir = await Deno.makeTempDir({ prefix: "postern-" });
  const posted: Array<Uint8Array> = [];
  const txt: DnsAnswer<"TXT"> = {
    _tag: "Found",
    records: [["v=TLSRPTv1; rua=https://r.example.org/tls"]],
    secure: false,
    ttl: 60,
    aliases: [],
  };
  const reporter = reporterLayer({
    hostname: "msa.example.net",
    contact: "postmaster@example.net",
    path: `${dir}/tls-notes.json`,
    post: (_, gzipped) => {
      posted.push(gzipped);
      return Promise.resolve(true);
    },
  }).pipe(Layer.provide(Layer.mergeAll(
    new MemorySpool().layer,
    Layer.succeed(Resolver, stubResolver({ lookup: () => Effect.succeed(txt as never) })),
    Layer.succeed(Routes, { find: () => Effect.succeed({ hop: smtpHop(25), pattern: "*" }) }),
    Layer.succeed(Ids, { queueId: () => "Q1", messageIdLeft: () => "id1" }),
    Logger.layer([]),
  )));
  /** A process that runs for `hours`, taking `notes` at its start. */
  const life = (notes: ReadonlyArray<TlsNote>, hours: number) =>
    Effect.scoped(Effect.gen(function* () {
      const context = yield* Layer.build(Layer.fresh(reporter));
      const note = yield* Effect.provide(
        Effect.gen(function* () {
          return yield* TlsNotes;
        }),
        context,
      );
      for (const n of notes) note?.(n);
      for (let i = 0; i < hours; i++) yield* TestClock.adjust("1 hour");
      yield* Effect.promise(() => new Promise<void>((r) => setTimeout(r, 50)));
    }));
  const failure = { type: "certificate-not-trusted", reason: "for another name" } as const;
  await Effect.runPromise(
    Effect.gen(function* () {
      yield* TestClock.setTime(20_000 * DAY);
      yield* life([note(null), note(failure)], 10);
      yield* life([note(failure)], 10);
      assert.deepEqual(posted, []);
      // down over midnight and longer than reports are spread
      yield* TestClock.adjust("12 hours");
      yield* life([], 1);
      yield* life([], 30);
    }).pipe(Effect.provide(TestClock.layer())),
  );
  assert.deepEqual(posted.map(unpacked), [REPORT]);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("Notebook reads what it wrote, and passes over all else. HOP-29", () => {
  const book = new Notebook();
  book.add(note(null), 20_000 * DAY + 5);
  book.add(note({ type: "dnssec-invalid", reason: "x" }), 20_001 * DAY);
  const text = book.write();
  assert.equal(book.write(), null);
  const again = new Notebook(text, 20_001 * DAY);
  assert.deepEqual(again.over(20_001 * DAY), [20_000 * DAY]);
  for (const day of [20_000, 20_001]) {
    assert.deepEqual(again.of(day * DAY), book.of(day * DAY));
  }
  assert.deepEqual(new Notebook(text, 20_009 * DAY).over(20_010 * DAY), []);
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (t) => {
    assert.deepEqual(new Notebook(t).over(Infinity), []);
  }));
});

const REPORT = {
  "organization-name": "msa.example.net",
  "date-range": {
    "start-datetime": "2024-10-04T00:00:00Z",
    "end-datetime": "2024-10-04T23:59:59Z",
  },
  "contact-info": "postmaster@example.net",
  "report-id": "id1",
  "policies": [{
    "policy": {
      "policy-type": "sts",
      "policy-string": ["version: STSv1"],
      "policy-domain": "example.org",
      "mx-host": ["mx.example.org"],
    },
    "summary": { "total-successful-session-count": 1, "total-failure-session-count": 2 },
    "failure-details": [{
      "result-type": "certificate-not-trusted",
      "receiving-mx-hostname": "mx.example.org",
      "receiving-ip": "192.0.2.1",
      "failed-session-count": 2,
      "failure-reason-code": "for another name",
    }],
  }],
};

const unpacked = (gzipped: Uint8Array): unknown =>
  JSON.parse(new TextDecoder().decode(gunzipSync(gzipped)));

Deno.test("a domain is told over HTTPS, gzipped. HOP-29", async () => {
  const { posted, mail } = await reported("https://r.example.org/tls,mailto:r@example.org", true);
  assert.deepEqual(posted.map(unpacked), [REPORT]);
  assert.deepEqual(mail, []);
});

Deno.test("a domain is told by mail, which goes out despite what it tells of. HOP-29", async () => {
  const { posted, mail: [text = ""], envelopes: [detail] } = await reported(
    "mailto:r@example.org",
    true,
  );
  assert.deepEqual(posted, []);
  assert.match(text, /^Content-Type: multipart\/report; report-type="tlsrpt";\r\n/m);
  assert.match(
    text,
    /^TLS-Report-Domain: example\.org\r\nTLS-Report-Submitter: msa\.example\.net\r\n/m,
  );
  assert.match(
    text,
    /filename="msa\.example\.net!example\.org!1728000000!1728086399!id1\.json\.gz"/,
  );
  const part = /application\/tlsrpt\+gzip[^]*?\r\n\r\n([^-]*)\r\n--/.exec(text)?.[1] ?? "";
  const octets = Uint8Array.from(atob(part.replace(/\s/g, "")), (c) => c.charCodeAt(0));
  assert.deepEqual(unpacked(octets), REPORT);
  assert.equal(detail?.envelope.returnPath, null);
  assert.equal(detail?.envelope.tlsOptional, true);
});
