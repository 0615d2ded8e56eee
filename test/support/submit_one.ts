/** One message through the front door of a server. */
import assert from "node:assert/strict";
import type { Site } from "./postern.ts";
import { SmtpDialog } from "./smtp_dialog.ts";

const open = async (site: Site): Promise<SmtpDialog> => {
  const d = await SmtpDialog.open({ port: site.submissions, implicitTls: true });
  assert.match(await d.one(`AUTH PLAIN ${btoa(`\0${site.user}\0${site.password}`)}`), /^235/);
  return d;
};

/** The queue id, or the reply to RCPT that was no 250. */
export const submitOne = async (site: Site, to: string): Promise<string> => {
  const d = await open(site);
  try {
    await d.one(`MAIL FROM:<${site.user}>`);
    const rcpt = await d.one(`RCPT TO:<${to}>`);
    if (!rcpt.startsWith("250")) return rcpt;
    assert.match(await d.one("DATA"), /^354/);
    const reply = await d.one(`From: <${site.user}>\r\nSubject: x\r\n\r\nhello\r\n.`);
    return /queued as (\S+)/.exec(reply)?.[1] ?? reply;
  } finally {
    d.close();
  }
};

/** The queue id of a message with so many octets of text. */
export const submitLarge = async (
  site: Site,
  to: ReadonlyArray<string>,
  octets: number,
): Promise<string> => {
  const d = await open(site);
  try {
    await d.one(`MAIL FROM:<${site.user}>`);
    for (const address of to) assert.match(await d.one(`RCPT TO:<${address}>`), /^250/);
    assert.match(await d.one("DATA"), /^354/);
    const line = `${"0123456789".repeat(7)}\r\n`;
    const text = line.repeat(Math.ceil(octets / line.length));
    const reply = await d.one(`From: <${site.user}>\r\nSubject: x\r\n\r\n${text}.`);
    return /queued as (\S+)/.exec(reply)?.[1] ?? reply;
  } finally {
    d.close();
  }
};
