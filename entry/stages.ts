/**
 * The stages that a submission goes through, and `pipeline`, which composes them: no socket, no disk, no clock of
 * their own. What they ask of their surroundings are Effect services. RFC 6409 §6, §8
 *
 * @module
 */
export { type MessageFile, readMessageFile } from "../lib/app/message_file.ts";
export { printMailbox } from "../lib/address/mailbox.ts";
export { parseMailbox } from "../lib/address/path.ts";
export { type Account, Accounts } from "../lib/ports/accounts.ts";
export { Ids } from "../lib/ports/ids.ts";
export { Resolver } from "../lib/ports/resolver.ts";
export { type RouteRule, Routes, type RouteTable } from "../lib/ports/routes.ts";
export { SenderRights } from "../lib/ports/sender_rights.ts";
export { noSigner, Signer } from "../lib/ports/signer.ts";
export { addSender } from "../lib/stages/add_sender.ts";
export { authenticate } from "../lib/stages/authenticate.ts";
export { enforceReturnPath, enforceRights } from "../lib/stages/enforce_rights.ts";
export { fixHeaders } from "../lib/stages/fix_headers.ts";
export { parse } from "../lib/stages/parse.ts";
export { pipeline, type PipelineServices } from "../lib/stages/pipeline.ts";
export { HeaderPolicy, policyLayer } from "../lib/stages/policy.ts";
export { Refusal } from "../lib/stages/refusal.ts";
export { checkRecipient, resolveMta } from "../lib/stages/resolve_mta.ts";
export { sign } from "../lib/stages/sign.ts";
export type * from "../lib/stages/submission.ts";
export type { Decision, StageName, Trail } from "../lib/stages/trail.ts";
