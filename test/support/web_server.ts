/** An HTTPS server on loopback that says what a test lists, with one certificate for many names. */
import { createServer as createPlain } from "node:http";
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { makeSelfSigned } from "../../lib/tls/selfsigned.ts";

export type Serve = (request: IncomingMessage, response: ServerResponse) => void;

export interface WebServer {
  readonly httpsPort: number;
  readonly httpPort: number;
  /** PEM file: the authority that vouches for its certificate. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  /** `host path`, in the order asked. */
  readonly asked: Array<string>;
  readonly stop: () => Promise<void>;
}

export const startWeb = async (
  names: readonly [string, ...ReadonlyArray<string>],
  serve: Serve,
): Promise<WebServer> => {
  const pair = await makeSelfSigned(names, Date.now());
  const dir = await Deno.makeTempDir({ prefix: "postern-web-" });
  await Deno.writeTextFile(`${dir}/ca.pem`, pair.certificatePem);
  await Deno.writeTextFile(`${dir}/key.pem`, pair.keyPem);
  const asked: Array<string> = [];
  const listener: Serve = (request, response) => {
    asked.push(`${request.method} ${request.headers.host} ${request.url}`);
    serve(request, response);
  };
  const secure = createServer({ cert: pair.certificatePem, key: pair.keyPem }, listener);
  const plain = createPlain(listener);
  await Promise.all(
    [secure, plain].map((s) => new Promise<void>((r) => s.listen(0, "127.0.0.1", () => r()))),
  );
  const port = (s: { address: () => AddressInfo | string | null }): number => {
    const a = s.address();
    return typeof a === "object" && a !== null ? a.port : 0;
  };
  return {
    httpsPort: port(secure),
    httpPort: port(plain),
    ca: `${dir}/ca.pem`,
    certificate: pair.certificatePem,
    key: pair.keyPem,
    asked,
    stop: async () => {
      secure.closeAllConnections();
      plain.closeAllConnections();
      await Promise.all(
        [secure, plain].map((s) => new Promise<void>((r) => s.close(() => r()))),
      );
      await Deno.remove(dir, { recursive: true });
    },
  };
};
