/** Says a text without end, as fast as the other side takes it, until the connection is gone. */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { setImmediate } from "node:timers";

const BLOCK = 65_536;

/** `text`: one char per octet. `wrote` is told of the octets. */
export const flood = (socket: Socket, text: string, wrote: (octets: number) => void): void => {
  const block = Buffer.from(text.repeat(Math.ceil(BLOCK / text.length)), "latin1");
  const more = (): void => {
    if (socket.destroyed) return;
    const room = socket.write(block);
    wrote(block.length);
    // not from the callback of the write: under TLS that is called whether or not anybody reads
    if (room) setImmediate(more);
    else socket.once("drain", more);
  };
  more();
};
