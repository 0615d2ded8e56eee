/** EXTERNAL: the client certificate that TLS has verified says who it is. RFC 4422 App. A, RFC 8314 §4.2 */
import type { Exchange, Mechanism, SaslStep } from "./mechanism.ts";
import { nearlyText, utf8Text } from "./text.ts";

const EMPTY = new Uint8Array(0);

const read = (message: Uint8Array, { certificate }: Exchange): SaslStep => {
  if (message.includes(0)) return { _tag: "Malformed" };
  const authzid = utf8Text(message);
  if (authzid === null || certificate === null) {
    const name = certificate ?? nearlyText(message);
    return { _tag: "Refused", claim: { mechanism: "EXTERNAL", name } };
  }
  return {
    _tag: "Check",
    claim: {
      _tag: "Certificate",
      certificate: { mechanism: "EXTERNAL", authzid, account: certificate },
    },
  };
};

export const external: Mechanism = {
  name: "EXTERNAL",
  offered: (channel) => channel.certificate !== null,
  start: (initial, exchange) =>
    initial === null
      ? { _tag: "Challenge", data: EMPTY, next: (message) => read(message, exchange) }
      : read(initial, exchange),
};
