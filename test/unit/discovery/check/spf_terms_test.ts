/** SPF as receivers read it. RFC 7208 §4.6.2, §5.1 */
import assert from "node:assert/strict";
import { spfFaults } from "../../../../lib/discovery/check/spf_terms.ts";
import { checkDomain } from "../../../../lib/discovery/check/check.ts";
import { at, but, check, offer } from "../../../support/check_world.ts";
import { world } from "../../../support/discover_world.ts";

const WANT = "v=spf1 mx -all";
for (
  const { have, want = WANT, fault } of [
    { have: "v=spf1 mx -all" },
    { have: "v=spf1 include:x.test MX ~all" },
    { have: "V=SPF1  +mx   -ALL" },
    { have: "v=spf1 mx exp=why.example.com -all" },
    { have: "v=spf1 a mx -all", want: "v=spf1 mx a -all" },
    { have: "v=spf1 mx a/24//64 ip4:192.0.2.0/24 ip6:2001:db8::/32 ptr exists:%{i}.x.test -all" },
    { have: "v=spf1 mx +all", fault: /everybody may send \(all\)/ },
    { have: "v=spf1 mx all", fault: /everybody may send \(all\)/ },
    { have: "v=spf1 mx ip4:0.0.0.0/0", fault: /everybody may send \(ip4:0\.0\.0\.0\/0\)/ },
    { have: "v=spf1 mx ip6:::/0 -all", fault: /everybody may send/ },
    { have: "v=spf1 mx ?all", fault: /nothing about others \(\?all\)/ },
    { have: "v=spf1 mx", fault: /nothing about others/ },
    { have: "v=spf1 mx redirect=x.test", fault: /redirect=x\.test/ },
    { have: "v=spf1 mx -all", want: "v=spf1 mx redirect=x.test", fault: /asked for: redirect=x/ },
    { have: "v=spf1 mx redirect=x.test", want: "v=spf1 mx redirect=x.test" },
    { have: "v=spf1 -all mx", fault: /behind -all counts for nothing: mx.*mx is not in it where/ },
    { have: "v=spf1 mx -all include:x.test", fault: /counts for nothing: include:x\.test/ },
    { have: "v=spf1 -mx -all", fault: /^mx is not in it/ },
    { have: "v=spf1 ?mx -all", fault: /^mx is not in it/ },
    { have: "v=spf1 a -all", fault: /^mx is not in it$/ },
    { have: "v=spf1 mx foo -all", fault: /^foo is no term of SPF/ },
    { have: "v=spf1 mx include: -all", fault: /^include: is no term of SPF/ },
    { have: "v=spf1 -ip4:192.0.2.0/24 mx -all", fault: /-ip4:192\.0\.2\.0\/24 stands before/ },
    {
      have: "v=spf1 ip4:192.0.2.0/24 -ip4:192.0.2.7 -all",
      want: "v=spf1 -ip4:192.0.2.7 ip4:192.0.2.0/24 -all",
      fault: /the order differs/,
    },
    { have: "v=spf1 mx -all", want: "v=spf1 mx ?all", fault: /asked for: nothing about others/ },
    { have: "v=spf1 mx +all", want: "v=spf1 mx +all" },
  ] as ReadonlyArray<{ have: string; want?: string; fault?: RegExp }>
) {
  Deno.test(`spfFaults() ${want} asked for, ${have} there`, () => {
    const faults = spfFaults(want, have).join("; ");
    if (fault === undefined) assert.equal(faults, "");
    else assert.match(faults, fault);
  });
}

Deno.test("spfFaults() of a site without a say: only what never works", () => {
  assert.deepEqual(spfFaults(null, "v=spf1 include:x.test ?all"), []);
  assert.match(spfFaults(null, "v=spf1 a +all").join(), /all lets everybody send/);
  assert.match(spfFaults(null, "v=spf1 -all a").join(), /counts for nothing: a/);
});

for (const text of ["v=spf1 mx +all", "v=spf1 mx ?all", "v=spf1 -all mx"]) {
  Deno.test(`checkDomain() finds SPF wrong: ${text}`, async () => {
    const f = at(await check(await but({ "TXT example.com": [[text]] })), "spf");
    assert.equal(f.status, "drift");
    assert.notEqual(f.detail, "");
    assert.match(f.remedy ?? "", /end the record with "-all"/);
  });
}

Deno.test("checkDomain() notes an open SPF record of a site that leaves SPF to others", async () => {
  const look = async (text: string) =>
    at(
      await checkDomain(
        { ...offer, spf: null },
        world(await but({ "TXT example.com": [[text]] })).ports,
      ),
      "spf",
    );
  assert.equal((await look("v=spf1 a -all")).status, "pass");
  const open = await look("v=spf1 a ?all");
  assert.equal(open.status, "info");
  assert.match(open.detail, /no rule for others/);
  assert.equal((await look("v=spf1 a +all")).status, "drift");
});
