import assert from "node:assert/strict";
import { join } from "node:path";
import { Duration, Effect, Layer, Logger } from "effect";
import { TestClock } from "effect/testing";
import { Certificates } from "../../../lib/ports/certificates.ts";
import { modern } from "../../../policies/tls.ts";
import { certificatesLayer, type CertificatesOptions } from "../../../lib/tls/certificates.ts";
import { makeSelfSigned, type SelfSigned } from "../../../lib/tls/selfsigned.ts";

const EVERY = Duration.seconds(3);

/** Far enough that nothing expires while the tests are read. */
const make = (...names: readonly [string, ...ReadonlyArray<string>]) =>
  makeSelfSigned(names, Date.now(), 30);

const write = async (dir: string, name: string, pair: SelfSigned) => {
  await Deno.writeTextFile(join(dir, `${name}.crt`), pair.certificatePem);
  await Deno.writeTextFile(join(dir, `${name}.key`), pair.keyPem);
};
const files = (dir: string, name: string) => ({
  certificate: join(dir, `${name}.crt`),
  key: join(dir, `${name}.key`),
});

const inDirectory = (name: string, body: (dir: string) => Promise<void>) =>
  Deno.test(name, async () => {
    const dir = await Deno.makeTempDir();
    try {
      await body(dir);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });

/** Runs under a clock that stands still, with what is logged gathered. */
const run = (
  o: Omit<CertificatesOptions, "policy">,
  work: (logged: Array<string>) => Effect.Effect<void, unknown, Certificates>,
) => {
  const logged: Array<string> = [];
  const log = Logger.layer([
    Logger.make(({ logLevel, message }) => {
      logged.push(`${logLevel} ${Array.isArray(message) ? message[0] : message}`);
    }),
  ]);
  return Effect.runPromise(
    work(logged).pipe(
      Effect.provide(certificatesLayer({ ...o, policy: modern, every: EVERY })),
      Effect.provide(Layer.mergeAll(TestClock.layer(), log)),
    ),
  );
};

const contextFor = (name: string | null) =>
  Certificates.use((c) => Effect.succeed(c.contextFor(name)));

/** Lets the watch look: its few file system calls are mostly done before so many of ours. */
const look = Effect.gen(function* () {
  yield* TestClock.adjust(EVERY);
  for (let i = 0; i < 100; i++) yield* Effect.promise(() => Deno.stat("."));
});

/**
 * Lets it look until `done`, however busy the machine is: a look that was still under way when the
 * clock was set does not see that it is time for the next.
 */
const lookUntil = (done: Effect.Effect<boolean, never, Certificates>) =>
  Effect.gen(function* () {
    for (const end = performance.now() + 30_000; performance.now() < end;) {
      yield* look;
      if (yield* done) return;
    }
  });

/** In one step, so that no look falls between an emptied file and a written one. */
const replace = async (file: string, text: string) => {
  await Deno.writeTextFile(`${file}.new`, text);
  await Deno.rename(`${file}.new`, file);
};

const otherThan = (before: unknown) => Effect.map(contextFor(null), (now) => now !== before);

inDirectory(
  "contextFor() chooses by exact name, then by wildcard, else the default",
  async (dir) => {
    await write(dir, "main", await make("msa.example.net"));
    await write(dir, "exact", await make("mail.example.org"));
    await write(dir, "wild", await make("*.example.org"));
    await run({
      default: files(dir, "main"),
      sni: [files(dir, "wild"), files(dir, "exact")],
    }, () =>
      Effect.gen(function* () {
        const main = yield* contextFor(null);
        const exact = yield* contextFor("mail.example.org");
        const wild = yield* contextFor("smtp.example.org");
        assert.equal(new Set([main, exact, wild]).size, 3);
        assert.equal(yield* contextFor("MAIL.example.ORG."), exact);
        for (
          const other of ["", "msa.example.net", "example.org", "a.b.example.org", "example.com"]
        ) {
          assert.equal(yield* contextFor(other), main, other);
        }
      }));
  },
);

inDirectory("certificatesLayer() takes a changed pair into use, and only then", async (dir) => {
  await write(dir, "main", await make("a.example"));
  await run({ default: files(dir, "main"), sni: [] }, (logged) =>
    Effect.gen(function* () {
      const before = yield* contextFor(null);
      yield* look;
      assert.equal(yield* contextFor(null), before);
      yield* Effect.promise(async () => write(dir, "main", await make("a.example", "b.example")));
      assert.equal(yield* contextFor(null), before);
      yield* lookUntil(otherThan(before));
      assert.notEqual(yield* contextFor(null), before);
      assert.ok(logged.includes("Info new certificate in use"), logged.join("\n"));
    }));
});

inDirectory(
  "certificatesLayer() keeps the old pair while the new one is half written",
  async (dir) => {
    await write(dir, "main", await make("a.example"));
    await run({ default: files(dir, "main"), sni: [] }, (logged) =>
      Effect.gen(function* () {
        const before = yield* contextFor(null);
        const next = yield* Effect.promise(() => make("a.example", "b.example"));
        const { certificate, key } = files(dir, "main");
        const complaint = "Error changed certificate cannot be used, the old one stays";
        for (
          const step of [
            () => replace(certificate, next.certificatePem.slice(0, 300)),
            () => replace(certificate, next.certificatePem),
            () => Deno.remove(key),
          ]
        ) {
          logged.length = 0; // before the step: a look may be under way
          yield* Effect.promise(step);
          yield* lookUntil(Effect.sync(() => logged.length > 0));
          assert.equal(yield* contextFor(null), before);
          assert.deepEqual(logged, [complaint]);
          yield* look; // told once, not again and again
          assert.deepEqual(logged, [complaint]);
        }
        yield* Effect.promise(() => replace(key, next.keyPem));
        yield* lookUntil(otherThan(before));
        assert.notEqual(yield* contextFor(null), before);
      }));
  },
);

for (
  const [name, spoil, file, reason] of [
    [
      "a missing key",
      (d: string) => Deno.remove(join(d, "main.key")),
      "main.key",
      "there is no such file",
    ],
    [
      "an empty key",
      (d: string) => Deno.writeTextFile(join(d, "main.key"), ""),
      "main.key",
      "holds no private key in PEM form",
    ],
    [
      "a broken key",
      (d: string) =>
        Deno.writeTextFile(
          join(d, "main.key"),
          "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ),
      "main.key",
      "holds a private key that cannot be read",
    ],
    [
      "an encrypted key",
      (d: string) =>
        Deno.writeTextFile(join(d, "main.key"), "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"),
      "main.key",
      "is encrypted; the server needs the key without a passphrase",
    ],
    [
      "a certificate that is none",
      (d: string) => Deno.writeTextFile(join(d, "main.crt"), "hello"),
      "main.crt",
      "holds no certificate in PEM form",
    ],
    [
      "a broken certificate",
      (d: string) =>
        Deno.writeTextFile(
          join(d, "main.crt"),
          "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ),
      "main.crt",
      "holds a certificate that cannot be read",
    ],
  ] as const
) {
  inDirectory(
    `certificatesLayer() refuses to start with ${name}, and names the file`,
    async (dir) => {
      await write(dir, "main", await make("a.example"));
      await spoil(dir);
      const e = await Effect.runPromise(
        Effect.flip(
          Effect.provide(
            Effect.void,
            certificatesLayer({ default: files(dir, "main"), sni: [], policy: modern }),
          ),
        ),
      );
      assert.deepEqual([e.file, e.reason], [join(dir, file), reason]);
    },
  );
}

inDirectory("certificatesLayer() refuses a key that is another certificate's", async (dir) => {
  await write(dir, "main", await make("a.example"));
  const other = await make("a.example");
  await Deno.writeTextFile(join(dir, "main.key"), other.keyPem);
  const e = await Effect.runPromise(
    Effect.flip(
      Effect.provide(
        Effect.void,
        certificatesLayer({ default: files(dir, "main"), sni: [], policy: modern }),
      ),
    ),
  );
  assert.equal(
    e.message,
    `${join(dir, "main.key")}: is not the key of the certificate in ${join(dir, "main.crt")}`,
  );
});
