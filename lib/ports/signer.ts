/** DKIM keys and signatures. RFC 6376 §5 */
import { Context, Data, Effect, Layer } from "effect";
import type { Mailbox } from "../address/mailbox.ts";
import type { DkimAlgorithm } from "../message/dkim/dkim_signature.ts";
import type { Field, Header } from "../message/header.ts";
import type { TaggedErrorClass } from "./tagged_error.ts";

/** The hash of a body while it comes in. */
export interface BodyDigest {
  readonly update: (chunk: Uint8Array) => void;
  /** Base64 of SHA-256 over the relaxed form; ends it. */
  readonly end: () => string;
}

export interface SigningRequest {
  readonly header: Header;
  /** Mailboxes of From. */
  readonly authors: ReadonlyArray<Mailbox>;
  readonly returnPath: Mailbox | null;
  /** Null: the body was not hashed, since no key was there when it came. */
  readonly bodyHash: string | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The header holds UTF-8. RFC 8616 §5 */
  readonly utf8: boolean;
}

export interface DkimSignature {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  readonly field: Field;
}

const SigningFaultBase: TaggedErrorClass<"SigningFault"> = Data.TaggedError("SigningFault");

/** A domain whose messages must be signed cannot be signed for now: never unsigned. */
export class SigningFault extends SigningFaultBase<{
  readonly domain: string;
  readonly reason: string;
}> {
  /** For logs that print errors. */
  override get message(): string {
    return `signing for ${this.domain}: ${this.reason}`;
  }
}

export interface SignerService {
  /** Null where no key could sign anything. */
  readonly digest: () => BodyDigest | null;
  /** In the order in which they go on top; empty: nobody signs for these domains. */
  readonly sign: (
    r: SigningRequest,
  ) => Effect.Effect<ReadonlyArray<DkimSignature>, SigningFault>;
}

const SignerBase: Context.ServiceClass<Signer, "postern/Signer", SignerService> = Context.Service<
  Signer,
  SignerService
>()("postern/Signer");

/** The key under which an Effect asks for {@link SignerService}. */
export class Signer extends SignerBase {}

/** Signs nothing. */
export const noSigner: Layer.Layer<Signer> = Layer.sync(Signer, () => UNSIGNED);

const UNSIGNED: Signer["Service"] = { digest: () => null, sign: () => Effect.succeed([]) };
