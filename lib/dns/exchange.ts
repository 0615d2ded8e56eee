/** One query to one server: UDP from a random port, TCP where the answer was cut. RFC 1035 §4.2, RFC 7766 */
import { Buffer } from "node:buffer";
import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import { encodeQuery, type QueryType, readAnswer, type Said } from "./message.ts";

export interface DnsServer {
  readonly host: string;
  readonly port: number;
}

const trouble = (reason: string): Said => ({ _tag: "Trouble", reason });

const randomId = (): number => crypto.getRandomValues(new Uint16Array(1))[0]!;

const overUdp = (
  server: DnsServer,
  name: string,
  type: QueryType,
  timeoutMs: number,
): Promise<Said> =>
  new Promise((resolve) => {
    const id = randomId();
    const socket = createSocket(isIPv6(server.host) ? "udp6" : "udp4");
    const end = (said: Said): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on("error", () => {});
      socket.close();
      resolve(said);
    };
    const timer = setTimeout(() => end(trouble("no answer in time")), timeoutMs);
    socket.on("error", (e) => end(trouble(e.message)));
    socket.on("message", (octets, from) => {
      if (from.port !== server.port || from.address !== server.host) return;
      const said = readAnswer(octets, id, name, type);
      if (said !== null) end(said);
    });
    socket.send(encodeQuery(id, name, type), server.port, server.host, (e) => {
      if (e !== null && e !== undefined) end(trouble(e.message));
    });
  });

const overTcp = (
  server: DnsServer,
  name: string,
  type: QueryType,
  timeoutMs: number,
): Promise<Said> =>
  new Promise((resolve) => {
    const id = randomId();
    const query = encodeQuery(id, name, type);
    let got = Buffer.alloc(0);
    const end = (said: Said): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(said);
    };
    const timer = setTimeout(() => end(trouble("no answer in time")), timeoutMs);
    const socket = connect({ host: server.host, port: server.port }, () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(query.length);
      socket.write(Buffer.concat([length, query]));
    });
    socket.on("error", (e) => end(trouble(e.message)));
    socket.on("close", () => end(trouble("connection closed")));
    socket.on("data", (chunk) => {
      got = Buffer.concat([got, Buffer.from(chunk)]);
      if (got.length < 2) return;
      const size = got.readUInt16BE(0);
      if (got.length < size + 2) return;
      end(
        readAnswer(got.subarray(2, size + 2), id, name, type) ??
          trouble("answer to another question"),
      );
    });
  });

/** Never rejects. */
export const exchange = async (
  server: DnsServer,
  name: string,
  type: QueryType,
  timeoutMs: number,
): Promise<Said> => {
  const said = await overUdp(server, name, type, timeoutMs);
  return said._tag === "Truncated" ? await overTcp(server, name, type, timeoutMs) : said;
};
