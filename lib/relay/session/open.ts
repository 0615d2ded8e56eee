/** From a host to a connection on which messages can be sent. RFC 5321 §3.1, §3.2 */
import { Effect } from "effect";
import { isIP } from "node:net";
import type { Contact } from "../../ports/attempt.ts";
import { type Dialer, type Link, TlsFailed } from "../../ports/dialer.ts";
import type { Offer } from "../../smtp/client/offer.ts";
import { ours } from "../../smtp/client/verdict.ts";
import { Connection } from "./connection.ts";
import { type Peer, Unusable } from "./peer.ts";
import type { Patience } from "../settings.ts";
import type { Deadlines } from "./deadlines.ts";

const failure = (peer: Peer, e: TlsFailed | { readonly reason: string }): Unusable => {
  const tls = e instanceof TlsFailed;
  return new Unusable({
    stage: tls ? "TLS" : "dial",
    verdict: ours("temporary", tls ? "4.7.5" : "4.4.1", tls ? `TLS: ${e.reason}` : e.reason),
    contact: contactOf(peer),
    handshake: tls,
    ...tls && e.untrusted ? { untrusted: true } : {},
  });
};

/** A host that was not reached; its address where it was known before. */
const contactOf = ({ host, target }: Peer): Contact =>
  target._tag === "Tcp" && isIP(target.address) !== 0
    ? { host, address: target.address }
    : { host };

/** Dials and goes through greeting, EHLO, TLS and AUTH. Interruption drops the link. */
export const open = (
  dialer: Dialer["Service"],
  peer: Peer,
  patience: Patience,
  watch: Deadlines,
): Effect.Effect<{ readonly connection: Connection; readonly offer: Offer }, Unusable> =>
  Effect.callback((resume) => {
    let link: Link | null = null;
    const connection: Connection = new Connection(
      peer,
      patience,
      watch,
      (o) =>
        resume(o instanceof Unusable ? Effect.fail(o) : Effect.succeed({ connection, offer: o })),
    );
    const fail = (e: Unusable) => {
      link?.destroy();
      watch.remove(connection);
      resume(Effect.fail(e));
    };
    connection.onHandshake((l, tls) => {
      Effect.runFork(Effect.match(l.startTls(tls), {
        onFailure: (e) => fail(failure(peer, e)),
        onSuccess: () => connection.secured(tls.verify),
      }));
    });
    const options = {
      timeoutMs: patience.connect,
      tls: peer.implicitTls ? peer.tls : null,
    };
    const fiber = Effect.runFork(
      Effect.match(dialer.dial(peer.target, connection.events, options), {
        onFailure: (e) => fail(failure(peer, e)),
        onSuccess: (l) => {
          link = l;
          connection.attach(l, peer.host);
        },
      }),
    );
    return Effect.sync(() => {
      fiber.interruptUnsafe();
      link?.destroy();
      watch.remove(connection);
    });
  });
