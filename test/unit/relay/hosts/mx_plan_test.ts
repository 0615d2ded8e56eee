import assert from "node:assert/strict";
import { Effect, Layer } from "effect";
import {
  type AddressAnswer,
  type Exchanger,
  type MxAnswer,
  Resolver,
} from "../../../../lib/ports/resolver.ts";
import { type MxPlan, planMx } from "../../../../lib/relay/hosts/mx.ts";
import { SERVFAIL, stubResolver } from "../../../support/resolver_stub.ts";

const plan = (
  answer: MxAnswer,
  addresses: Readonly<Record<string, AddressAnswer>> = {},
  own: ReadonlyArray<string> = ["us.test"],
  ours: ReadonlyArray<string> = [],
): Promise<MxPlan> =>
  Effect.runPromise(Effect.provide(
    planMx("example.org", { names: own, isOurs: (ip) => ours.includes(ip) }),
    Layer.succeed(
      Resolver,
      stubResolver({
        mailExchangers: () => Effect.succeed(answer),
        addresses: (h) => Effect.succeed(addresses[h] ?? at("192.0.2.1")),
      }),
    ),
  ));

const at = (...addresses: ReadonlyArray<string>): AddressAnswer => ({
  _tag: "Addresses",
  addresses,
});
const list = (...exchangers: ReadonlyArray<Exchanger>): MxAnswer => ({
  _tag: "Exchangers",
  exchangers,
  implicit: false,
});
const mx = (preference: number, host: string): Exchanger => ({ preference, host });

const hosts = (p: MxPlan): ReadonlyArray<string> | string =>
  p._tag === "Hosts"
    ? p.hosts.map((h) => `${h.host} ${h.address}`)
    : `${p.verdict.kind} ${p.verdict.status}`;

const trouble = SERVFAIL;
const nothing = { _tag: "NoAddress" } as const;

for (
  const c of [
    {
      name: "keeps the order of exchangers and of their addresses",
      answer: list(mx(1, "a.test"), mx(2, "b.test")),
      addresses: { "a.test": at("2001:db8::1", "192.0.2.1"), "b.test": at("192.0.2.2") },
      want: ["a.test 2001:db8::1", "a.test 192.0.2.1", "b.test 192.0.2.2"],
    },
    {
      name: "drops our own preference and everything worse. HOP-05",
      answer: list(mx(1, "a.test"), mx(2, "us.test"), mx(2, "b.test"), mx(3, "c.test")),
      want: ["a.test 192.0.2.1"],
    },
    {
      name: "calls it a loop where nothing is better than ourselves. HOP-05",
      answer: list(mx(1, "US.test"), mx(2, "b.test")),
      want: "permanent 5.4.6",
    },
    {
      name: "passes over the root and IP addresses as exchangers. HOP-06",
      answer: list(mx(1, ""), mx(2, "192.0.2.9"), mx(3, "c.test")),
      want: ["c.test 192.0.2.1"],
    },
    {
      name: "does not let one exchanger's trouble hide another",
      answer: list(mx(1, "a.test"), mx(2, "b.test")),
      addresses: { "a.test": trouble },
      want: ["b.test 192.0.2.1"],
    },
    {
      name: "waits where trouble is all there is",
      answer: list(mx(1, "a.test"), mx(2, "b.test")),
      addresses: { "a.test": trouble, "b.test": nothing },
      want: "temporary 4.4.3",
    },
    {
      name: "fails where no exchanger has an address. HOP-03",
      answer: list(mx(1, "a.test")),
      addresses: { "a.test": nothing },
      want: "permanent 5.4.4",
    },
    { name: "fails on a null MX", answer: { _tag: "NullMx" }, want: "permanent 5.1.10" },
    { name: "fails on NXDOMAIN", answer: { _tag: "NoSuchDomain" }, want: "permanent 5.1.2" },
    { name: "waits on trouble with the MX", answer: trouble, want: "temporary 4.4.3" },
  ] satisfies ReadonlyArray<{
    name: string;
    answer: MxAnswer;
    addresses?: Readonly<Record<string, AddressAnswer>>;
    want: string | ReadonlyArray<string>;
  }>
) {
  Deno.test(`planMx() ${c.name}`, async () => {
    assert.deepEqual(hosts(await plan(c.answer, "addresses" in c ? c.addresses : {})), c.want);
  });
}

Deno.test("planMx() tries ten addresses at most", async () => {
  const many = Array.from({ length: 50 }, (_, i) => mx(i, `h${i}.test`));
  assert.equal(hosts(await plan(list(...many))).length, 10);
});

Deno.test("planMx() drops an exchanger at our own address, and all that is no better. HOP-05", async () => {
  const list3 = list(mx(10, "a.test"), mx(20, "b.test"), mx(30, "c.test"));
  const addresses = {
    "a.test": at("192.0.2.1"),
    "b.test": at("192.0.2.2"),
    "c.test": at("192.0.2.3"),
  };
  assert.deepEqual(hosts(await plan(list3, addresses, [], ["192.0.2.2"])), ["a.test 192.0.2.1"]);
  const p = await plan(list3, addresses, [], ["192.0.2.1"]);
  assert.equal(p._tag === "None" && p.verdict.status, "5.4.6");
});
