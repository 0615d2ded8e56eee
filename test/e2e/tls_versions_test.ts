/** What openssl can and cannot agree on with the server, on both ports. TLS-02, RFC 8996, RFC 9325 §4.2 */
import assert from "node:assert/strict";
import { installed, makeSite, startPostern } from "../support/postern.ts";

const OLD = ["-cipher", "ALL:@SECLEVEL=0"];

const CASES: ReadonlyArray<readonly [string, ReadonlyArray<string>, RegExp | null]> = [
  ["TLS 1.3", ["-tls1_3"], /^New, TLSv1\.3, Cipher is TLS_/m],
  ["TLS 1.2", ["-tls1_2"], /^New, TLSv1\.2, Cipher is ECDHE-ECDSA-(?:AES|CHACHA20)/m],
  ["TLS 1.1", ["-tls1_1", ...OLD], null],
  ["TLS 1.0", ["-tls1", ...OLD], null],
  ["CBC suites", [
    "-tls1_2",
    "-cipher",
    "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0",
  ], null],
  ["suites without forward secrecy", ["-tls1_2", "-cipher", "AES128-GCM-SHA256:@SECLEVEL=0"], null],
  ["ALPN smtp", ["-alpn", "smtp"], /^ALPN protocol: smtp$/m],
  ["ALPN smtp behind another", ["-alpn", "http/1.1,smtp"], /^ALPN protocol: smtp$/m],
  ["no ALPN", [], /^No ALPN negotiated$/m],
  ["ALPN of a browser", ["-alpn", "http/1.1"], /alert number 120/],
  ["ALPN of a newer browser", ["-alpn", "h2,http/1.1"], /alert number 120/],
  ["anonymous suites", ["-tls1_2", "-cipher", "aNULL:eNULL:@SECLEVEL=0"], null],
];

Deno.test({
  name: "TLS-02: 1.2 and 1.3 with forward secrecy and AEAD, and nothing older",
  ignore: !installed("openssl"),
  fn: async (t) => {
    const site = await makeSite({ routes: `[[route]]\nto = "*"\nvia = "maildir:outbox"` });
    const server = await startPostern(site);
    try {
      for (const port of ["submission", "submissions"] as const) {
        for (const [name, args, want] of CASES) {
          await t.step(`${name} on ${port}`, async () => {
            const child = new Deno.Command("openssl", {
              args: [
                "s_client",
                "-connect",
                `127.0.0.1:${site[port]}`,
                ...(port === "submission" ? ["-starttls", "smtp"] : []),
                ...args,
              ],
              stdin: "null",
              stderr: "piped",
              stdout: "piped",
            });
            const { stdout, stderr } = await child.output();
            const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
            if (want === null) assert.match(said, /alert|no cipher|NONE|no protocols/i);
            if (want === null) assert.doesNotMatch(said, /^New, TLSv1\.\d, Cipher is [A-Z]+[-_]/m);
            else assert.match(said, want);
          });
        }
      }
    } finally {
      assert.equal(await server.stop(), 0, server.output());
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
