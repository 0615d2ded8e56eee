/** What a domain says of TLS towards it: the record and the policy of MTA-STS, the record of TLS reports. RFC 8461, RFC 8460 */
import assert from "node:assert/strict";
import { mtaStsPolicy } from "../../../lib/discovery/mta_sts.ts";
import { MAX_AGE, readStsPolicy, stsCovers, stsId } from "../../../lib/discovery/sts_policy.ts";
import { reportPlaces } from "../../../lib/tls_reports/tls_tally.ts";
import { text } from "../../support/octets.ts";
import type { Target } from "../target.ts";

const POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.net\r\nmx: *.example.org\r\n" +
  "max_age: 604800\r\n";
const PATTERN = /^(?:\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/;

export const stsPolicy: Target = {
  name: "sts_policy",
  tokens: [
    "version: STSv1",
    "mode: enforce",
    "mode: testing",
    "mode: none",
    "mx: ",
    "*.",
    "mail.example.net",
    "max_age: ",
    "604800",
    "99999999999",
    "\r\n",
    "\n",
    ": ",
    "x-key",
    "v=STSv1;",
    " id=20260101T00;",
    ";",
    "=",
    " ".repeat(300),
  ],
  seeds: [POLICY, "v=STSv1; id=20260101T000000;", POLICY.replace("enforce", "none")],
  run: (input) => {
    const said = text(input);
    const id = stsId([said]);
    if (id !== null) assert.match(id, /^[A-Za-z0-9]{1,32}$/);
    assert.equal(stsId([said, "v=STSv1; id=1"]) === null || id === null, true, "one of two counts");
    const policy = readStsPolicy(said);
    if (policy === null) return;
    assert.ok(policy.maxAgeSeconds >= 0 && policy.maxAgeSeconds <= MAX_AGE);
    assert.ok(policy.mode === "none" || policy.mx.length > 0, "nothing is covered");
    for (const pattern of policy.mx) assert.match(pattern, PATTERN);
    for (const host of ["example.net", "a.b.example.org", "evil.test", "", "."]) {
      const covered = stsCovers(policy.mx, host);
      const by = policy.mx.some((p) =>
        p === host || (p.startsWith("*.") && host.split(".").slice(1).join(".") === p.slice(2))
      );
      assert.equal(covered && !by, false, `${host} is covered by nothing`);
    }
    if (policy.mode === "none") return;
    const again = readStsPolicy(mtaStsPolicy({ ...policy, mode: policy.mode }));
    assert.deepEqual(again, policy);
  },
};

export const tlsReportRecord: Target = {
  name: "tls_report_record",
  tokens: [
    "v=TLSRPTv1",
    ";",
    " rua=",
    "mailto:",
    "tls@example.net",
    "https://example.net/tls",
    ",",
    "!10m",
    "%2c",
    " ".repeat(300),
  ],
  seeds: [
    "v=TLSRPTv1; rua=mailto:tls@example.net",
    "v=TLSRPTv1;rua=https://example.net/tls,mailto:a@b.test; ext=1",
  ],
  run: (input) => {
    const said = text(input);
    const places = reportPlaces([said]);
    assert.ok(places.length <= 5);
    for (const place of places) {
      assert.match(place, /^(?:mailto:|https:\/\/)[\x21-\x7e]+$/i);
      new URL(place);
    }
    if (places.length > 0) assert.deepEqual(reportPlaces([said, said]), [], "one of two counts");
  },
};
