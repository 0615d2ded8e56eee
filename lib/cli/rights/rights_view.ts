/** Rights for people and for programs. Pure: prints nothing itself. */
import {
  type Grant,
  type Group,
  type Permission,
  type Principal,
  printPrincipal,
} from "../../address/grant.ts";
import { type AddressPattern, printPattern } from "../../address/pattern.ts";
import type { Account } from "../../ports/accounts.ts";
import type { Held } from "../../stages/policy.ts";
import type { Trail } from "../../stages/trail.ts";
import { renderTrail } from "../explain_view.ts";

type Terms = Pick<Grant, "credential" | "recipients" | "until">;

const patterns = (all: ReadonlyArray<AddressPattern> | null): ReadonlyArray<string> | null =>
  all === null ? null : all.map(printPattern);

const moment = (until: number | null): string | null =>
  until === null ? null : new Date(until).toISOString();

const termsJson = (t: Terms) => ({
  credential: t.credential,
  recipients: patterns(t.recipients),
  until: moment(t.until),
});

const termsText = (t: Terms): string =>
  [
    t.credential === null ? "" : `, with credential ${t.credential}`,
    t.recipients === null ? "" : `, to ${t.recipients.map(printPattern).join(" ")}`,
    t.until === null ? "" : `, until ${moment(t.until)}`,
  ].join("");

export const heldJson = (h: Held, account?: Account) => ({
  ...(account === undefined ? {} : { account: account.id, disabled: account.disabled }),
  address: printPattern(h.address),
  mode: h.mode,
  rule: h.rule,
  by: h.by,
  ...termsJson(h),
});

/** `bob@example.net  as *@example.net  (grant to group:staff, until ...)` */
export const heldLine = (h: Held, account?: Account): string => {
  const who = account === undefined
    ? ""
    : `${account.id}${account.disabled ? " (disabled)" : ""}  `;
  const why = h.by === null ? h.rule : `${h.rule} to ${h.by}`;
  return `${who}${h.mode} ${printPattern(h.address)}  (${why}${termsText(h)})`;
};

export const grantJson = (g: Grant) => ({
  principal: printPrincipal(g.principal),
  address: printPattern(g.address),
  mode: g.mode,
  ...termsJson(g),
});

export const grantLine = (g: Grant): string =>
  `${printPrincipal(g.principal)} ${g.mode} ${printPattern(g.address)}${termsText(g)}`;

export const permissionJson = (p: Permission) => ({
  principal: printPrincipal(p.principal),
  right: p.name,
  address: p.address === null ? null : printPattern(p.address),
});

export const permissionLine = (p: Permission): string =>
  `${printPrincipal(p.principal)} ${
    p.address === null ? `may ${p.name}` : `sends only to ${printPattern(p.address)}`
  }`;

export const groupJson = (g: Group) => ({ name: g.name, members: g.members.map(printPrincipal) });

export const groupLine = (g: Group): string =>
  `group:${g.name}: ${g.members.map((m: Principal) => printPrincipal(m)).join(", ")}`;

/** What came of a test: the reply of a refusal, or what Sender will say. */
export interface Verdict {
  readonly granted: boolean;
  readonly reply: string | null;
  /** Value of Sender, or of Resent-Sender, as it would leave; null: there is none. */
  readonly sender: string | null;
  readonly trail: Trail;
}

export const verdictJson = (v: Verdict) => ({
  version: 1,
  granted: v.granted,
  reply: v.reply,
  sender: v.sender,
  trail: v.trail,
});

export const verdictLines = (v: Verdict): ReadonlyArray<string> => [
  ...renderTrail(v.trail, { colour: false }),
  v.granted
    ? v.sender === null ? "granted" : `granted, with Sender: ${v.sender}`
    : `refused: ${v.reply}`,
];
