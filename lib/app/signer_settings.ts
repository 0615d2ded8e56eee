/** The signer of a configuration. */
import { Layer } from "effect";
import type { Config } from "../config/config.ts";
import { signerLayer } from "../dkim/signer.ts";
import { noSigner, type Signer, type SigningFault } from "../ports/signer.ts";
import type { Resolver } from "../ports/resolver.ts";

/** `watching`: new keys are activated once DNS serves them. */
export const signerOf = (
  config: Config,
  watching: boolean,
): Layer.Layer<Signer, SigningFault, Resolver> => {
  const { keys, mustSign, expire, check } = config.dkim;
  return keys === null
    ? noSigner
    : Layer.fresh(signerLayer({ keys, mustSign, expire, check: watching ? check : null }));
};
