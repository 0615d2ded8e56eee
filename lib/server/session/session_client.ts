/** The client of a session: its address, possibly named by a proxy, its TLS and certificate. */
import type { SessionFacts, TlsFacts } from "../../envelope/session.ts";
import type { ProxiedClient } from "../../net/proxy_header.ts";
import type { Secured, Wire } from "../../net/wire.ts";
import type { Channel } from "../../sasl/mechanism.ts";
import type { SessionData } from "../../smtp/server/state.ts";
import type { SessionHost } from "./session_host.ts";

export class SessionClient {
  readonly #host: SessionHost;
  readonly #wire: Wire;
  readonly id: string;
  readonly listener: SessionFacts["listener"];
  /** As a proxy has named it on the way. */
  #named: ProxiedClient | null = null;
  #tls: TlsFacts | null = null;

  constructor(host: SessionHost, wire: Wire, listener: SessionFacts["listener"], id: string) {
    this.#host = host;
    this.#wire = wire;
    this.listener = listener;
    this.id = id;
  }

  get address(): string {
    return this.#named?.address ?? this.#wire.remoteAddress;
  }

  named(client: ProxiedClient): void {
    this.#named = client;
  }

  /** TLS is up: what mechanisms may use of it, once it is known whose certificate was shown, if one was. */
  secured(secured: Secured, then: (channel: Channel) => void): void {
    this.#tls = secured.facts;
    const go = (certificate: string | null): void => {
      const { hostname } = this.#host.rules;
      const hosts = [hostname, secured.serverName ?? hostname, this.#wire.localAddress];
      then({
        endPoint: secured.endPoint,
        certificate,
        hosts: hosts.map((name) => name.toLowerCase()),
        port: this.#wire.localPort,
      });
    };
    if (secured.certificate === null) go(null);
    else this.#host.certified(secured.certificate, go);
  }

  /** `peer`: null where the session has ended. */
  facts(peer: SessionData | null): SessionFacts {
    return {
      id: this.id,
      listener: this.listener,
      clientAddress: this.address,
      clientPort: this.#named?.port ?? this.#wire.remotePort,
      helo: peer?.helo ?? "",
      extended: peer?.extended ?? false,
      tls: this.#tls,
    };
  }
}
