/** An issuer of tokens on loopback: signs JWTs, serves its keys, answers introspection, and can be out of order. */
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];

export interface IssuerOptions {
  readonly audience: string;
}

export class OauthIssuer {
  readonly url: string;
  readonly #server: Deno.HttpServer;
  readonly #audience: string;
  readonly #key: PrivateKey;
  readonly #opaque = new Map<string, JWTPayload>();
  /** Paths that were asked for. */
  readonly asked: Array<string> = [];
  /** Answers 503 to everything. */
  broken = false;
  /** Credentials that introspection insists on. */
  readonly client = { id: "postern", secret: "intro spection" };

  private constructor(audience: string, key: PrivateKey, jwks: string) {
    this.#audience = audience;
    this.#key = key;
    const basic = `Basic ${
      btoa(`${encodeURIComponent(this.client.id)}:${encodeURIComponent(this.client.secret)}`)
    }`;
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (r) => {
      const { pathname } = new URL(r.url);
      this.asked.push(pathname);
      if (this.broken) return new Response("out of order", { status: 503 });
      if (pathname === "/jwks") return new Response(jwks);
      if (pathname !== "/introspect" || r.method !== "POST") {
        return new Response("", { status: 404 });
      }
      if (r.headers.get("authorization") !== basic) return new Response("", { status: 401 });
      const claims = this.#opaque.get(String((await r.formData()).get("token")));
      return Response.json(claims === undefined ? { active: false } : { active: true, ...claims });
    });
    const { addr } = this.#server;
    this.url = `http://127.0.0.1:${addr.transport === "tcp" ? addr.port : 0}`;
  }

  static async start(o: IssuerOptions): Promise<OauthIssuer> {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const jwk = { ...await exportJWK(publicKey), kid: "one", alg: "ES256", use: "sig" };
    return new OauthIssuer(o.audience, privateKey, JSON.stringify({ keys: [jwk] }));
  }

  /** A token that is good for an hour, but for what `claims` say. */
  jwt(claims: JWTPayload, header: { readonly kid?: string } = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ iss: this.url, aud: this.#audience, exp: now + 3600, ...claims })
      .setProtectedHeader({ alg: "ES256", kid: "one", ...header })
      .sign(this.#key);
  }

  /** A token that only introspection understands. */
  opaque(claims: JWTPayload): string {
    const token = `opaque-${crypto.randomUUID()}`;
    this.#opaque.set(token, claims);
    return token;
  }

  stop(): Promise<void> {
    return this.#server.shutdown();
  }
}
