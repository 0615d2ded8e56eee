/** A query over UDP from a port of its own, and over TCP. RFC 1035 §4.2, RFC 5452 §9.2, RFC 7766 */
import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import { notToItself } from "../ports/self_connection.ts";
import { framed, Frames } from "./frame.ts";
import { encodeQuery, type Query, readAnswer, type Said, trouble } from "./message.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

const LATE = trouble("timeout", "no answer in time");

const encoded = (query: Query): Uint8Array | null => {
  try {
    return encodeQuery(query);
  } catch {
    return null;
  }
};

const UNSPEAKABLE = trouble("name", "no name that DNS can carry");

/** An answer that does not fit the query is passed over: the true one may be behind it. RFC 5452 §9.1 */
export const overUdp = (server: Address, query: Query, timeoutMs: number): Promise<Said> =>
  new Promise((resolve) => {
    const octets = encoded(query);
    if (octets === null) return resolve(UNSPEAKABLE);
    const socket = createSocket(isIPv6(server.host) ? "udp6" : "udp4");
    const end = (said: Said): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on("error", () => {});
      socket.close();
      resolve(said);
    };
    const timer = setTimeout(() => end(LATE), timeoutMs);
    socket.on("error", (e) => end(trouble("unreachable", e.message)));
    socket.on("message", (answer, from) => {
      // the runtime does not let the kernel sort out who else writes to this port
      const { address, port } = socket.remoteAddress();
      if (from.port !== port || from.address !== address) return;
      const said = readAnswer(answer, query);
      if (said !== null) end(said);
    });
    // the server's address in the one form in which it comes back, and by name where it has one
    socket.connect(server.port, server.host, () => {
      socket.send(octets, (e) => {
        if (e !== null && e !== undefined) end(trouble("unreachable", e.message));
      });
    });
  });

export const overTcp = (server: Address, query: Query, timeoutMs: number): Promise<Said> =>
  new Promise((resolve) => {
    const octets = encoded(query);
    if (octets === null) return resolve(UNSPEAKABLE);
    const frames = new Frames();
    const end = (said: Said): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(said);
    };
    const timer = setTimeout(() => end(LATE), timeoutMs);
    const socket = notToItself(connect({ host: server.host, port: server.port }));
    socket.once("connect", () => socket.write(framed(octets)));
    socket.on("error", (e) => end(trouble("unreachable", e.message)));
    socket.on("close", () => end(trouble("unreachable", "connection closed")));
    socket.on("data", (chunk) => {
      frames.push(chunk);
      const answer = frames.next();
      if (answer === null) return;
      end(readAnswer(answer, query) ?? trouble("malformed", "answer to another question"));
    });
  });
