/** A configuration from as much TOML as a test cares about. */
import assert from "node:assert/strict";
import { type Config, printProblem } from "../../lib/config/config.ts";
import { parseConfig } from "../../lib/config/read/parse.ts";

export const LEAST = `
hostname = "msa.example.com"
[listen]
submission = ["127.0.0.1:587"]
[tls]
certificate = "cert.pem"
key = "key.pem"
[[route]]
to = "*"
via = "smtp://127.0.0.1:25"
`;

/** `more` stands behind the least that a configuration needs. */
export const loadConfigText = (more: string): Config => {
  const r = parseConfig(LEAST + more, "/etc/postern.toml", () => ({ fault: "there is no file" }));
  if (r._tag === "Invalid") assert.fail(r.problems.map(printProblem).join("\n"));
  return r.config;
};
