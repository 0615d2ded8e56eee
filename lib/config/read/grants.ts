/** Converts `[[grant]]`, `[[group]]` and `[[permission]]`, each value valid by itself, to rights. */
import {
  type Grant,
  type Group,
  parsePrincipal,
  type Permission,
  type Principal,
} from "../../address/grant.ts";
import { type AddressPattern, parsePattern } from "../../address/pattern.ts";
import type { ConfigFile } from "../schema/schema.ts";

const principals = (texts: ReadonlyArray<string>): ReadonlyArray<Principal> =>
  texts.flatMap((t) => parsePrincipal(t) ?? []);

const patterns = (texts: ReadonlyArray<string>): ReadonlyArray<AddressPattern> =>
  texts.flatMap((t) => parsePattern(t) ?? []);

const moment = (v: Date | string | undefined): number | null =>
  v === undefined ? null : v instanceof Date ? v.getTime() : Date.parse(v);

export const grantsOf = (c: Pick<ConfigFile, "grant" | "group">): ReadonlyArray<Grant> => [
  ...c.grant.flatMap((g) =>
    principals([g.principal]).flatMap((principal) =>
      patterns([g.address]).map((address): Grant => ({
        principal,
        address,
        mode: g.mode,
        credential: g.credential ?? null,
        recipients: g.recipients === undefined ? null : patterns(g.recipients),
        until: moment(g.until),
      }))
    )
  ),
  ...c.group.flatMap(({ name, mailboxes }) =>
    patterns(mailboxes).map((address): Grant => ({
      principal: { _tag: "Group", name },
      address,
      mode: "as",
      credential: null,
      recipients: null,
      until: null,
    }))
  ),
];

export const groupsOf = (c: Pick<ConfigFile, "group">): ReadonlyArray<Group> =>
  c.group.map(({ name, members }) => ({ name, members: principals(members) }));

export const permissionsOf = (c: Pick<ConfigFile, "permission">): ReadonlyArray<Permission> =>
  c.permission.flatMap((p) =>
    principals([p.principal]).flatMap((principal): ReadonlyArray<Permission> => [
      ...p.may.map((name) => ({ principal, name, address: null })),
      ...patterns(p.send_to).map((address) => ({ principal, name: "send-to" as const, address })),
    ])
  );
