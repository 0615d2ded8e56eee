import assert from "node:assert/strict";
import { Redacted } from "effect";
import fc from "fast-check";
import { curlLine, quote } from "../../../../lib/cli/start/curl_line.ts";

const RUN = {
  config: "/tmp/a b/postern.toml",
  certificate: "/tmp/a b/cert.pem",
  account: "me@postern.localhost",
  password: Redacted.make("abcde-fghij"),
  fresh: true,
};

Deno.test("curlLine() is one line that a shell takes as it is", () => {
  assert.equal(
    curlLine(RUN, { host: "127.0.0.1", port: 4650 }),
    "printf 'From: me@postern.localhost\\r\\nTo: you@example.net\\r\\nSubject: First light\\r\\n\\r\\nHello.\\r\\n'" +
      " | curl --silent --show-error --url smtps://127.0.0.1:4650 --cacert '/tmp/a b/cert.pem'" +
      " --user me@postern.localhost:abcde-fghij --mail-from me@postern.localhost" +
      " --mail-rcpt you@example.net --upload-file -",
  );
});

Deno.test("curlLine() leaves the password to curl's own question where it is not known", () => {
  const line = curlLine({ ...RUN, password: null }, { host: "::1", port: 465 });
  assert.match(line, / --user me@postern\.localhost --mail-from /);
  assert.match(line, / --url 'smtps:\/\/\[::1\]:465' /);
});

/** What a POSIX shell makes of a word without expansions: quotes and backslashes taken off. */
const unquote = (word: string): string => {
  let out = "";
  for (let i = 0; i < word.length; i++) {
    if (word[i] === "'") {
      const end = word.indexOf("'", i + 1);
      out += word.slice(i + 1, end);
      i = end;
    } else if (word[i] === "\\") out += word[++i];
    else {
      assert.match(word[i] ?? "", /[A-Za-z0-9_@%+=:,./-]/);
      out += word[i];
    }
  }
  return out;
};

Deno.test("quote() makes one word of any text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", minLength: 1 }), (s) => {
    assert.equal(unquote(quote(s)), s);
  }));
  assert.equal(quote(""), "''");
});
