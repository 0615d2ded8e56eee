/**
 * The way of a submission through the six stages, a look at what its next hops can take, and the signature.
 * Refused at the first that says no. RFC 6409
 */
import { Effect } from "effect";
import type { Accounts, AccountsUnavailable } from "../ports/accounts.ts";
import type { Filters } from "../ports/filters.ts";
import type { Holds } from "../ports/holds.ts";
import type { HopMemory } from "../ports/hop_memory.ts";
import type { Ids } from "../ports/ids.ts";
import type { Resolver } from "../ports/resolver.ts";
import type { Routes } from "../ports/routes.ts";
import type { SitePolicy } from "../ports/site_policy.ts";
import type { SpoolError } from "../ports/spool.ts";
import type { SenderRights } from "../ports/sender_rights.ts";
import { addSender } from "./add_sender.ts";
import { askSite } from "./ask_site.ts";
import { authenticate } from "./authenticate.ts";
import { considerHold } from "./consider_hold.ts";
import { encodeBody } from "./encode_body.ts";
import { enforceRights } from "./enforce_rights.ts";
import { filter } from "./filter.ts";
import { fixHeaders } from "./fix_headers.ts";
import { parse } from "./parse.ts";
import { rewrite } from "./rewrite.ts";
import { sign } from "./sign.ts";
import type { HeaderPolicy } from "./policy.ts";
import { preflight } from "./preflight.ts";
import type { Refusal } from "./refusal.ts";
import { resolveMta } from "./resolve_mta.ts";
import type { Signer } from "../ports/signer.ts";
import type { Received, Signed, Stage } from "./submission.ts";

/** What the stages take from their surroundings. */
export type PipelineServices =
  | Accounts
  | SenderRights
  | HeaderPolicy
  | Ids
  | Routes
  | Resolver
  | Signer
  | Filters
  | SitePolicy
  | Holds
  | HopMemory;

/** From what came to what is kept and sent on; no side effect besides. */
export const pipeline: Stage<
  Received,
  Signed,
  Refusal | AccountsUnavailable | SpoolError,
  PipelineServices
> = (
  received,
): Effect.Effect<Signed, Refusal | AccountsUnavailable | SpoolError, PipelineServices> =>
  parse(received).pipe(
    Effect.flatMap(authenticate),
    Effect.flatMap(enforceRights),
    Effect.flatMap(rewrite),
    Effect.flatMap(fixHeaders),
    Effect.flatMap(encodeBody),
    Effect.flatMap(addSender),
    Effect.flatMap(filter),
    Effect.flatMap(askSite),
    Effect.flatMap(considerHold),
    Effect.flatMap(resolveMta),
    Effect.flatMap(preflight),
    Effect.flatMap(sign),
  );
