/**
 * The address that an unknown login name is taken for, so that its salt behaves like a real one: a real local part
 * has the salt of its address, and an unknown one must too, or the two could be distinguished. RFC 5802 §5.1
 */
import { createHmac } from "node:crypto";
import { printLocal } from "../../address/mailbox.ts";
import type { LoginName } from "../store/names.ts";

/** `domains`: those of the accounts. A local part is always taken for the same one of them. */
export const decoyAddress = (
  name: LoginName,
  secret: Uint8Array,
  domains: ReadonlyArray<string>,
): LoginName => {
  if (name._tag !== "Local" || domains.length === 0) return name;
  const digest = createHmac("sha256", secret).update(`domain\0${name.key}`, "utf8").digest();
  const domain = domains[digest.readUInt32BE(0) % domains.length];
  const address = `${printLocal(name.key)}@${domain}`;
  return { _tag: "Address", key: address };
};
