/** The line that sends a first message when it is pasted into a shell. */
import { Redacted } from "effect";
import { printSocketAddress, type SocketAddress } from "../../config/values/address.ts";
import type { FirstRun } from "./first_run.ts";

/** For a POSIX shell, whatever `s` holds. */
export const quote = (s: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(s) ? s : `'${s.replaceAll("'", "'\\''")}'`;

const RECIPIENT = "you@example.net";

/**
 * A message without Date and Message-ID, so that there is something to repair. curl asks for the
 * password where it is not known any more.
 */
export const curlLine = (run: FirstRun, listener: SocketAddress): string => {
  const login = run.password === null
    ? run.account
    : `${run.account}:${Redacted.value(run.password)}`;
  const message = [`From: ${run.account}`, `To: ${RECIPIENT}`, "Subject: First light", "", "Hello."]
    .map((line) => `${line}\\r\\n`).join("");
  return [
    `printf ${quote(message)} | curl --silent --show-error`,
    `--url ${quote(`smtps://${printSocketAddress(listener)}`)}`,
    `--cacert ${quote(run.certificate)}`,
    `--user ${quote(login)}`,
    `--mail-from ${quote(run.account)}`,
    `--mail-rcpt ${quote(RECIPIENT)}`,
    "--upload-file -",
  ].join(" ");
};
