/** Keys of a directory, and signatures that verifiers of others accept. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { Duration, Effect, Layer } from "effect";
import { activateServed, recordOf } from "../../../lib/dkim/activate.ts";
import { signingDomains } from "../../../lib/dkim/choose.ts";
import { readKey } from "../../../lib/dkim/key.ts";
import {
  activated,
  addKey,
  type KeyEntry,
  keyFile,
  readIndex,
  removeKey,
  writeIndex,
} from "../../../lib/dkim/key_store.ts";
import { bodyDigest, signerLayer, type SignerOptions } from "../../../lib/dkim/signer.ts";
import { recordName, recordStrings } from "../../../lib/message/dkim/dkim_record.ts";
import { encodeUtf8 } from "../../../lib/message/text.ts";
import { Resolver } from "../../../lib/ports/resolver.ts";
import { Signer } from "../../../lib/ports/signer.ts";
import { summary } from "../../../lib/reply/reply.ts";
import { pipeline } from "../../../lib/stages/pipeline.ts";
import {
  dkimpy,
  opendkim,
  type Published,
  verifyWithDkimpy,
  verifyWithOpendkim,
} from "../../support/dkim_verifier.ts";
import { type Given, head, mailbox, NOW, received, world } from "../../support/submissions.ts";

const inDirectory = (name: string, body: (dir: string) => Promise<void>, ignore = false) =>
  Deno.test({
    name,
    ignore,
    fn: async () => {
      const dir = await Deno.makeTempDir();
      try {
        await body(join(dir, "keys"));
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  });

/** DNS that serves these strings, and nothing else. */
const dnsOf = (records: ReadonlyMap<string, ReadonlyArray<string>>) =>
  Layer.succeed(Resolver, {
    mailExchangers: () => Effect.succeed({ _tag: "NotAsked" as const }),
    addresses: () => Effect.succeed({ _tag: "NoAddress" as const }),
    lookup: (name: string) => {
      const strings = records.get(name);
      const common = { secure: false, ttl: 60, aliases: [] };
      return Effect.succeed(
        (strings === undefined
          ? { _tag: "NoSuchDomain", ...common }
          : { _tag: "Found", records: [strings], ...common }) as never,
      );
    },
  });

const nothingServed = dnsOf(new Map());

const options = (dir: string, more: Partial<SignerOptions> = {}): SignerOptions => ({
  keys: dir,
  mustSign: [],
  expire: null,
  check: null,
  ...more,
});

const signer = (dir: string, more: Partial<SignerOptions> = {}) =>
  Layer.orDie(Layer.provide(signerLayer(options(dir, more)), nothingServed));

/** Makes both kinds of key and lets them sign. */
const makeKeys = async (dir: string, domain: string): Promise<ReadonlyArray<Published>> => {
  const out: Array<Published> = [];
  for (const type of ["rsa", "ed25519"] as const) {
    const key = addKey(dir, domain, type, null, NOW);
    writeIndex(dir, activated(readIndex(dir), key, NOW));
    out.push({ ...key, record: await Effect.runPromise(recordOf(dir, key)) });
  }
  return out;
};

/** The message as it would leave, body and all, or the reply of its refusal. */
const send = (given: Given, body: string, layer: Layer.Layer<Signer>): Promise<string> => {
  const digest = bodyDigest();
  digest.update(Uint8Array.from(body, (c) => c.charCodeAt(0)));
  const r = received(given);
  return Effect.runPromise(
    pipeline({ ...r, body: { ...r.body, relaxedHash: digest.end() } }).pipe(
      Effect.map((s) => s.leaving + body),
      Effect.catchTag("Refusal", (e) => Effect.succeed(summary(e.reply))),
      Effect.provide(world({ signer: layer })),
    ),
  );
};

const FROM = head(
  "From: Alice  Smith <alice@example.net>",
  "To: bob@example.org",
  "Subject: a",
  "\tlonger\t one ",
  "X-Other: left out",
);
const BODY = "Hello  Bob,\t\r\n\r\n  indented \r\n.dot\r\n\r\n\r\n";

const peers = await dkimpy();

inDirectory(
  "signerLayer() DKIM-1, DKIM-7: dkimpy takes the RSA and the Ed25519 signature",
  async (dir) => {
    const keys = await makeKeys(dir, "example.net");
    const message = await send({ head: FROM }, BODY, signer(dir));
    assert.match(
      message,
      /^Received: [^]*?\r\nDKIM-Signature: v=1; a=rsa-sha256;[^]*?\r\nDKIM-Signature: v=1; a=ed25519-sha256;/,
    );
    assert.deepEqual(await verifyWithDkimpy(message, keys), [true, true]);
    // DKIM-3: nothing can be added, DKIM-6: nor at the end
    for (
      const name of ["From", "Subject", "To", "Cc", "Reply-To", "Sender", "Content-Type", "Date"]
    ) {
      const forged = message.replace("\r\nFrom:", `\r\n${name}: evil@bank.example\r\nFrom:`);
      const said = await verifyWithDkimpy(forged, keys);
      assert.ok(said.every((s) => s !== true), `${name}: ${said}`);
    }
    const longer = await verifyWithDkimpy(`${message}more\r\n`, keys);
    assert.ok(longer.length === 2 && longer.every((s) => s !== true), String(longer));
    assert.deepEqual(await verifyWithDkimpy(message.replace("X-Other", "X-Another"), keys), [
      true,
      true,
    ]);
  },
  !peers,
);

for (
  const [about, given, body] of [
    ["an empty body", { head: FROM }, ""],
    ["a body of 300,000 octets", { head: FROM }, "0123456789 abcdef\r\n".repeat(15_790)],
    ["a line of 998 octets", { head: FROM }, `${"x".repeat(998)}\r\n`],
    ["UTF-8 in header and body", {
      head: encodeUtf8(FROM.replace("Subject: a", "Subject: \u00fcber")),
      smtpUtf8: true,
      eightBit: true,
    }, encodeUtf8("gr\u00fc\u00dfe\r\n")],
    ["a message passed on", {
      head: head("Resent-From: alice@example.net", "From: x@example.net", "Subject: s"),
    }, BODY],
    ["a Bcc that is removed", { head: `${FROM}Bcc: hidden@example.org\r\n` }, BODY],
  ] as ReadonlyArray<[string, Given, string]>
) {
  inDirectory(`sign() DKIM-7: dkimpy takes ${about}`, async (dir) => {
    const keys = await makeKeys(dir, "example.net");
    const message = await send(given, body, signer(dir));
    assert.deepEqual(await verifyWithDkimpy(message, keys), [true, true], message.slice(0, 400));
  }, !peers);
}

inDirectory("sign() DKIM-1: OpenDKIM takes the RSA signature", async (dir) => {
  const keys = await makeKeys(dir, "example.net");
  const message = await send({ head: FROM }, BODY, signer(dir));
  assert.match(
    await verifyWithOpendkim(message, keys),
    /verification \(s=\S+ d=example\.net[^)]*\) succeeded/,
  );
  const forged = message.replace("Hello", "Hallo");
  assert.doesNotMatch(await verifyWithOpendkim(forged, keys), /succeeded/);
}, !opendkim());

for (
  const [about, authors, returnPath, want] of [
    ["the author's domain", ["a@example.net"], "a@example.net", ["example.net"]],
    ["the domain above it", ["a@news.example.net"], "a@example.net", ["example.net"]],
    ["the nearest of two", ["a@x.sub.example.org"], null, ["sub.example.org"]],
    ["the return path's", ["a@elsewhere.example"], "a@example.net", ["example.net"]],
    ["nobody", ["a@elsewhere.example"], "a@elsewhere.example", []],
    ["nobody of an MDN", ["a@elsewhere.example"], null, []],
    ["each of two", ["a@example.net", "b@example.org", "c@example.net"], null, [
      "example.net",
      "example.org",
    ]],
    ["no domain that only ends alike", ["a@notexample.net"], null, []],
  ] as ReadonlyArray<[string, ReadonlyArray<string>, string | null, ReadonlyArray<string>]>
) {
  Deno.test(`signingDomains() DKIM-8, RGT-8: ${about}`, () => {
    const hosted = new Set(["example.net", "example.org", "sub.example.org"]);
    assert.deepEqual(
      signingDomains(
        authors.map(mailbox),
        returnPath === null ? null : mailbox(returnPath),
        (d) => hosted.has(d),
      ),
      want,
    );
  });
}

inDirectory("signerLayer() DKIM-9: t= is now, x= only where it is asked for", async (dir) => {
  await makeKeys(dir, "example.net");
  const at = Math.floor(NOW / 1000);
  const plain = await send({ head: FROM }, BODY, signer(dir));
  assert.match(plain, new RegExp(` t=${at};`));
  assert.doesNotMatch(plain, /[ ;]x=/);
  const ends = await send({ head: FROM }, BODY, signer(dir, { expire: Duration.days(14) }));
  assert.match(ends, new RegExp(` x=${at + 14 * 86_400};`));
});

inDirectory("sign() DKIM-9: a domain in U-labels only where the header is UTF-8", async (dir) => {
  await makeKeys(dir, "xn--bcher-kva.example");
  const given = (more: Partial<Given>): Given => ({
    head: encodeUtf8("From: alice@example.net\r\nSubject: x\r\n"),
    returnPath: "alice@example.net",
    ...more,
  });
  assert.doesNotMatch(await send(given({}), BODY, signer(dir)), /DKIM-Signature/);
  const r = await Effect.runPromise(
    Signer.use((s) =>
      Effect.forEach([false, true], (utf8) =>
        s.sign({
          header: { fields: [] },
          authors: [mailbox("a@b\u00fccher.example")],
          returnPath: null,
          bodyHash: "x",
          at: NOW,
          utf8,
        }))
    ).pipe(Effect.provide(signer(dir))),
  );
  assert.match(r[0]?.[0]?.field.raw ?? "", / d=xn--bcher-kva\.example;/);
  assert.match(
    Buffer.from(r[1]?.[0]?.field.raw ?? "", "latin1").toString(),
    / d=b\u00fccher\.example;/,
  );
});

inDirectory("signerLayer() DKIM-1: an Ed25519 signature never stands alone", async (dir) => {
  const key = addKey(dir, "example.net", "ed25519", null, NOW);
  writeIndex(dir, activated(readIndex(dir), key, NOW));
  assert.doesNotMatch(await send({ head: FROM }, BODY, signer(dir)), /DKIM-Signature/);
});

inDirectory(
  "sign() DKIM-11: what must be signed and cannot is answered 451, never sent unsigned",
  async (dir) => {
    assert.equal(
      await send({ head: FROM }, BODY, signer(dir, { mustSign: ["example.net"] })),
      "451 4.3.5 The message must be signed and cannot be now; try again later",
    );
    const [rsa] = await makeKeys(dir, "example.net");
    assert.ok(rsa !== undefined);
    await Deno.chmod(keyFile(dir, rsa), 0o644);
    assert.match(await send({ head: FROM }, BODY, signer(dir)), /^451 4\.3\.5 /);
    await Deno.remove(keyFile(dir, rsa));
    assert.match(await send({ head: FROM }, BODY, signer(dir)), /^451 4\.3\.5 /);
  },
);

inDirectory("signerLayer() DKIM-11: foreign signatures stay where they are", async (dir) => {
  await makeKeys(dir, "example.net");
  const foreign = "DKIM-Signature: v=1; d=list.example; h=list-id; b=x";
  const message = await send({ head: `${foreign}\r\n${FROM}` }, BODY, signer(dir));
  assert.ok(message.includes(`\r\n${foreign}\r\n`));
  assert.equal(message.match(/^DKIM-Signature:/gm)?.length, 3);
});

inDirectory(
  "activateServed() DKIM-10: a key signs only after DNS serves it, and its elder retires",
  async (dir) => {
    const states = () => readIndex(dir).map((e) => `${e.selector} ${e.state}`);
    const run = (records: ReadonlyMap<string, ReadonlyArray<string>>) =>
      Effect.runPromise(activateServed(dir).pipe(Effect.provide(dnsOf(records))));
    const [old] = await makeKeys(dir, "example.net");
    const fresh: KeyEntry = addKey(dir, "example.net", "rsa", null, NOW);
    const record = await Effect.runPromise(recordOf(dir, fresh));
    const name = recordName(fresh.selector, fresh.domain);
    assert.deepEqual(await run(new Map()), []);
    assert.deepEqual(await run(new Map([[name, ["v=DKIM1; p="]]])), []);
    assert.deepEqual(
      await run(new Map([[name, recordStrings({ type: "rsa", key: old?.record.key ?? "" })]])),
      [],
    );
    assert.deepEqual(states(), ["202611r active", "202611e active", "202611r2 new"]);
    assert.equal((await run(new Map([[name, recordStrings(record)]]))).length, 1);
    assert.deepEqual(states(), ["202611r retired", "202611e active", "202611r2 active"]);
    const message = await send({ head: FROM }, BODY, signer(dir));
    assert.match(message, / s=202611r2;/);
    assert.match(message, / s=202611e;/);
  },
);

inDirectory("addKey() makes files for the owner alone, and no selector twice", (dir) => {
  const key = addKey(dir, "example.net", "ed25519", "one", NOW);
  assert.throws(() => addKey(dir, "example.net", "ed25519", "one", NOW), /already/);
  for (const path of [keyFile(dir, key), join(dir, "keys.json")]) {
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600, path);
  }
  return Promise.resolve();
});

inDirectory("removeKey() forgets a key that is not in use, and no other", (dir) => {
  const key = addKey(dir, "example.net", "ed25519", "one", NOW);
  writeIndex(dir, activated(readIndex(dir), key, NOW));
  const [active] = readIndex(dir);
  assert.ok(active !== undefined);
  assert.throws(() => removeKey(dir, active), /signs/);
  const other = addKey(dir, "example.net", "ed25519", "two", NOW);
  removeKey(dir, other);
  assert.deepEqual(readIndex(dir).map((e) => e.selector), ["one"]);
  assert.throws(() => Deno.statSync(keyFile(dir, other)), Deno.errors.NotFound);
  return Promise.resolve();
});

Deno.test("readKey() DKIM-1: takes no RSA key below 1024 bits, and no other kind", async () => {
  const pem = (k: { export(o: object): string | Uint8Array }) =>
    String(k.export({ type: "pkcs8", format: "pem" }));
  const small = generateKeyPairSync("rsa", { modulusLength: 512 });
  await assert.rejects(readKey(pem(small.privateKey)), /512 bits/);
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await assert.rejects(readKey(pem(ec.privateKey)), /neither an RSA nor/);
});
