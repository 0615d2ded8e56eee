/** The statements over grants, groups and permissions. Synchronous; throws what SQLite throws. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import {
  type AccountRights,
  type Grant,
  type Group,
  parsePrincipal,
  type Permission,
  type PermissionName,
  type Principal,
  principalKey,
} from "../../address/grant.ts";
import { type AddressPattern, parsePattern, printPattern } from "../../address/pattern.ts";

export interface RightsStore {
  /** All that the principals of `keys` hold, also through groups; null where it is nothing. */
  readonly of: (keys: ReadonlyArray<string>) => AccountRights | null;
  /** Everything that names this principal goes. */
  readonly forget: (key: string) => void;
  readonly grants: () => ReadonlyArray<Grant>;
  readonly permissions: () => ReadonlyArray<Permission>;
  readonly groups: () => ReadonlyArray<Group>;
  /** Each returns whether anything changed. */
  readonly grant: (g: Grant) => boolean;
  readonly revoke: (principal: Principal, address: AddressPattern) => boolean;
  readonly permit: (p: Permission) => boolean;
  readonly forbid: (p: Permission) => boolean;
  readonly join: (group: string, member: Principal) => boolean;
  readonly leave: (group: string, member: Principal) => boolean;
}

type Row = Readonly<Record<string, SQLOutputValue>>;

/** `configured`: groups of the configuration file, which count like those in the store. */
export const makeRightsStore = (
  db: DatabaseSync,
  configured: ReadonlyArray<Group>,
): RightsStore => {
  const grantsOf = db.prepare("SELECT * FROM sender_grant WHERE principal = ? ORDER BY address");
  const permissionsOf = db.prepare("SELECT * FROM permission WHERE principal = ?");
  const groupsOf = db.prepare("SELECT name FROM group_member WHERE principal = ?");
  const allGrants = db.prepare("SELECT * FROM sender_grant ORDER BY principal, address");
  const allPermissions = db.prepare("SELECT * FROM permission ORDER BY principal, name, address");
  const allMembers = db.prepare("SELECT * FROM group_member ORDER BY name, principal");
  const putGrant = db.prepare("INSERT OR REPLACE INTO sender_grant VALUES (?, ?, ?, ?, ?, ?)");
  const dropGrant = db.prepare("DELETE FROM sender_grant WHERE principal = ? AND address = ?");
  const putPermission = db.prepare("INSERT OR IGNORE INTO permission VALUES (?, ?, ?)");
  const dropPermission = db.prepare(
    "DELETE FROM permission WHERE principal = ? AND name = ? AND address = ?",
  );
  const putMember = db.prepare("INSERT OR IGNORE INTO group_member VALUES (?, ?)");
  const dropMember = db.prepare("DELETE FROM group_member WHERE principal = ? AND name = ?");
  const forget = ["sender_grant", "permission", "group_member"].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE principal = ?`)
  );
  const byMember = new Map<string, Array<string>>();
  for (const { name, members } of configured) {
    for (const m of members) {
      const key = principalKey(m);
      byMember.set(key, [...byMember.get(key) ?? [], name]);
    }
  }

  /** Groups of `keys`, and the groups that those are members of. */
  const closure = (keys: ReadonlyArray<string>): ReadonlySet<string> => {
    const found = new Set<string>();
    const open = [...keys];
    for (let key = open.pop(); key !== undefined; key = open.pop()) {
      const stored = groupsOf.all(key).map((r) => String(r["name"]));
      for (const name of [...stored, ...byMember.get(key) ?? []]) {
        if (found.has(name)) continue;
        found.add(name);
        open.push(`group:${name}`);
      }
    }
    return found;
  };

  return {
    of: (keys) => {
      const groups = [...closure(keys)].sort();
      const principals = [...keys, ...groups.map((g) => `group:${g}`)];
      const grants = principals.flatMap((p) => grantsOf.all(p).map(grantOf));
      const permissions = principals.flatMap((p) => permissionsOf.all(p).map(permissionOf));
      return groups.length + grants.length + permissions.length === 0
        ? null
        : { groups, grants, permissions };
    },
    forget: (key) => {
      for (const statement of forget) statement.run(key);
    },
    grants: () => allGrants.all().map(grantOf),
    permissions: () => allPermissions.all().map(permissionOf),
    groups: () => {
      const out = new Map<string, Array<Principal>>();
      for (const row of allMembers.all()) {
        const name = String(row["name"]);
        out.set(name, [...out.get(name) ?? [], principalOf(row["principal"])]);
      }
      return [...out].map(([name, members]) => ({ name, members }));
    },
    grant: (g) =>
      putGrant.run(
        principalKey(g.principal),
        printPattern(g.address),
        g.mode,
        g.credential ?? "",
        g.recipients === null ? null : JSON.stringify(g.recipients.map(printPattern)),
        g.until,
      ).changes > 0,
    revoke: (principal, address) =>
      dropGrant.run(principalKey(principal), printPattern(address)).changes > 0,
    permit: (p) => putPermission.run(principalKey(p.principal), p.name, addressOf(p)).changes > 0,
    forbid: (p) => dropPermission.run(principalKey(p.principal), p.name, addressOf(p)).changes > 0,
    join: (group, member) => putMember.run(principalKey(member), group).changes > 0,
    leave: (group, member) => dropMember.run(principalKey(member), group).changes > 0,
  };
};

const addressOf = (p: Permission): string => p.address === null ? "" : printPattern(p.address);

const principalOf = (v: SQLOutputValue | undefined): Principal =>
  parsePrincipal(String(v)) ?? damaged();

const patternOf = (v: unknown): AddressPattern => parsePattern(String(v)) ?? damaged();

const grantOf = (r: Row): Grant => ({
  principal: principalOf(r["principal"]),
  address: patternOf(r["address"]),
  mode: r["mode"] === "as" ? "as" : "on-behalf",
  credential: r["credential"] === "" ? null : String(r["credential"]),
  recipients: r["recipients"] === null ? null : patternsOf(String(r["recipients"])),
  until: r["until"] === null ? null : Number(r["until"]),
});

const patternsOf = (json: string): ReadonlyArray<AddressPattern> => {
  const list: unknown = JSON.parse(json);
  return Array.isArray(list) ? list.map(patternOf) : damaged();
};

const NAMES: ReadonlySet<string> = new Set<PermissionName>([
  "group-from",
  "several-domains",
  "send-to",
]);
const isName = (v: string): v is PermissionName => NAMES.has(v);

const permissionOf = (r: Row): Permission => {
  const name = String(r["name"]);
  if (!isName(name)) return damaged();
  return {
    principal: principalOf(r["principal"]),
    name,
    address: r["address"] === "" ? null : patternOf(r["address"]),
  };
};

/** What is stored was parsed when it came in; less rights than meant are worse than none at all. */
const damaged = (): never => {
  throw new Error("the store holds a right that cannot be read");
};
