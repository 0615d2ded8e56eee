/** Messages of dynamic update: conditions first, then what to remove and to add. RFC 2136 §2, §3 */
import { Buffer } from "node:buffer";
import type { Change } from "../../discovery/plan.ts";
import type { RecordSet } from "../../discovery/record.ts";
import { CLASS, encodeData, encodeName, encodeRecord, TYPE, u16 } from "../wire.ts";

const EMPTY = new Uint8Array();
const UPDATE = 5 << 11;

/** A type, or any. */
export type UpdateType = keyof typeof TYPE;

/** One line of a prerequisite or update section. RFC 2136 §2.4, §2.5 */
export const line = {
  setExists: (owner: string, type: UpdateType) => at(owner, type, CLASS.ANY, 0, EMPTY),
  setHas: (owner: string, type: UpdateType, data: Uint8Array) => at(owner, type, CLASS.IN, 0, data),
  setAbsent: (owner: string, type: UpdateType) => at(owner, type, CLASS.NONE, 0, EMPTY),
  nameInUse: (owner: string) => at(owner, "ANY", CLASS.ANY, 0, EMPTY),
  nameFree: (owner: string) => at(owner, "ANY", CLASS.NONE, 0, EMPTY),
  add: (owner: string, type: UpdateType, ttl: number, data: Uint8Array) =>
    at(owner, type, CLASS.IN, ttl, data),
  deleteSet: (owner: string, type: UpdateType) => at(owner, type, CLASS.ANY, 0, EMPTY),
  deleteName: (owner: string) => at(owner, "ANY", CLASS.ANY, 0, EMPTY),
  deleteValue: (owner: string, type: UpdateType, data: Uint8Array) =>
    at(owner, type, CLASS.NONE, 0, data),
} as const;

const at = (
  owner: string,
  type: UpdateType,
  cls: number,
  ttl: number,
  data: Uint8Array,
): Uint8Array => encodeRecord(encodeName(owner), TYPE[type], cls, ttl, data);

export const encodeUpdate = (
  id: number,
  zone: string,
  prerequisites: ReadonlyArray<Uint8Array>,
  updates: ReadonlyArray<Uint8Array>,
): Uint8Array =>
  Buffer.concat([
    u16(id),
    u16(UPDATE),
    u16(1),
    u16(prerequisites.length),
    u16(updates.length),
    u16(0),
    encodeName(zone),
    u16(TYPE.SOA),
    u16(CLASS.IN),
    ...prerequisites,
    ...updates,
  ]);

/** All changes in one message, which the server does whole or not at all, if the sets are still as seen. DU-1, DU-2 */
export const encodeChanges = (
  id: number,
  zone: string,
  changes: ReadonlyArray<Change>,
): Uint8Array => encodeUpdate(id, zone, changes.flatMap(conditions), changes.flatMap(updates));

const conditions = ({ owner, type, before }: Change): ReadonlyArray<Uint8Array> =>
  before === null
    ? []
    : before.length > 0
    ? before.map((v) => line.setHas(owner, type, v.wire))
    : [type === "CNAME" ? line.nameFree(owner) : line.setAbsent(owner, type)];

const updates = (
  { owner, type, ttl, before, remove, add, again = [] }: Change,
): ReadonlyArray<Uint8Array> => [
  ...before === null ? [line.deleteSet(owner, type)] : [],
  ...[...remove, ...again].map((v) => line.deleteValue(owner, type, v.wire)),
  ...[...add.map(encodeData), ...again.map((v) => v.wire)].map((d) =>
    line.add(owner, type, ttl, d)
  ),
];

/** Asks whether a set has just these values, whatever answers for its name, and changes nothing. RFC 2136 §2.4.2 */
export const encodeQuestion = (id: number, zone: string, set: RecordSet): Uint8Array =>
  encodeUpdate(
    id,
    zone,
    set.records.map((r) => line.setHas(set.owner, set.type, encodeData(r.data))),
    [],
  );

/** What a response code to an update means. DU-5 */
const MEANINGS: Readonly<Record<number, string>> = {
  1: "the server could not read the update (FORMERR)",
  2: "the server failed (SERVFAIL)",
  4: "the server does not take updates (NOTIMP)",
  5: "the server refuses the update (REFUSED): the key may not change this zone or these names, or a mail exchanger has no address",
  6: "a name is in use that was free (YXDOMAIN)",
  7: "a record set exists that did not before (YXRRSET)",
  8: "a record set has changed or gone (NXRRSET)",
  9: "the server is not the one for this zone (NOTAUTH)",
  10: "a name lies outside the zone (NOTZONE)",
};

export const meaningOf = (rcode: number): string =>
  MEANINGS[rcode] ?? `the server answered with code ${rcode}`;

/** The zone is no longer as it was looked at: look again. */
export const overtaken = (rcode: number): boolean => rcode >= 6 && rcode <= 8;
