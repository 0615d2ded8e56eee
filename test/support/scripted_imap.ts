/** An IMAP server that has what a test gives it, and says what a test wants it to, however wrong. */
import { Buffer } from "node:buffer";
import net from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";

export interface ImapScript {
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly implicitTls?: boolean;
  readonly greeting?: string;
  /** base64 of the login that is taken. */
  readonly login?: string;
  /** Octets, one char each, for `URLFETCH url`; the tag ends with `OK`. Null: silence. */
  readonly urlfetch?: (url: string, tag: string) => string | null;
  /** Ends the connection behind the answer for this URL. */
  readonly cutAfter?: string;
  /** Octets sent in clear behind the OK to STARTTLS. */
  readonly injected?: string;
}

/** As a server should answer. */
export const literal = (url: string, tag: string, text: string): string =>
  `* URLFETCH "${url}" {${text.length}}\r\n${text}\r\n${tag} OK done\r\n`;

export class ScriptedImap {
  readonly commands: Array<string> = [];
  readonly #script: ImapScript;
  readonly #server: net.Server;
  readonly #open = new Set<net.Socket>();
  port = 0;

  private constructor(script: ImapScript) {
    this.#script = script;
    this.#server = net.createServer((socket) => {
      this.#open.add(socket);
      socket.on("close", () => this.#open.delete(socket));
      socket.on("error", () => socket.destroy());
      if (script.implicitTls === true) this.#secure(socket, true);
      else this.#talk(socket, true);
    });
  }

  static start(script: ImapScript): Promise<ScriptedImap> {
    const s = new ScriptedImap(script);
    return new Promise((resolve, reject) => {
      s.#server.once("error", reject);
      s.#server.listen(0, "127.0.0.1", () => {
        const address = s.#server.address();
        s.port = typeof address === "object" && address !== null ? address.port : 0;
        resolve(s);
      });
    });
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const s of this.#open) s.destroy();
    });
  }

  #secure(socket: net.Socket, greet: boolean): void {
    const { tls } = this.#script;
    if (tls === undefined) return;
    socket.pause();
    const secured = new TLSSocket(socket, {
      isServer: true,
      secureContext: createSecureContext({ ...tls, minVersion: "TLSv1.2" }),
    });
    secured.on("error", () => socket.destroy());
    secured.once("secure", () => this.#talk(secured, greet));
  }

  #talk(socket: net.Socket, greet: boolean): void {
    const say = (text: string) => socket.write(Buffer.from(text, "latin1"));
    if (greet) say(`${this.#script.greeting ?? "* OK imap.test ready"}\r\n`);
    let held = "";
    let signingIn: string | null = null;
    const onData = (chunk: Uint8Array) => {
      held += Buffer.from(chunk).toString("latin1");
      for (let at = held.indexOf("\r\n"); at >= 0; at = held.indexOf("\r\n")) {
        const line = held.slice(0, at);
        held = held.slice(at + 2);
        this.commands.push(line);
        if (signingIn !== null) {
          const { login = line } = this.#script;
          say(`${signingIn} ${line === login ? "OK in" : "NO who"}\r\n`);
          signingIn = null;
          continue;
        }
        const [tag = "", verb = "", argument = ""] = line.split(" ");
        switch (verb) {
          case "STARTTLS":
            socket.removeListener("data", onData);
            say(`${tag} OK go\r\n${this.#script.injected ?? ""}`);
            this.#secure(socket, false);
            return;
          case "AUTHENTICATE":
            signingIn = tag;
            say("* OK wait\r\n+ \r\n");
            break;
          case "URLFETCH": {
            const answer = this.#script.urlfetch?.(argument.slice(1, -1), tag);
            if (answer !== null) say(answer ?? `${tag} NO\r\n`);
            if (argument.slice(1, -1) === this.#script.cutAfter) socket.end();
            break;
          }
          case "LOGOUT":
            say(`* BYE\r\n${tag} OK\r\n`);
            socket.end();
            break;
          default:
            say(`${tag} BAD\r\n`);
        }
      }
    };
    socket.on("data", onData);
  }
}
