/** As much of an IMAP server as says what it can do, over TLS. A program: address, port, certificate, key. */
import tls from "node:tls";

const [host = "", port = "", certificate = "", key = ""] = Deno.args;
const CAPABILITY = "CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN";

tls.createServer(
  { cert: Deno.readTextFileSync(certificate), key: Deno.readTextFileSync(key) },
  (socket) => {
    socket.setEncoding("latin1");
    socket.on("error", () => socket.destroy());
    socket.write(`* OK [${CAPABILITY}] ready\r\n`);
    socket.on("data", (text) => {
      for (const line of String(text).split("\r\n").filter((l) => l !== "")) {
        const [tag, verb = ""] = line.split(" ");
        if (verb.toUpperCase() === "CAPABILITY") {
          socket.write(`* ${CAPABILITY}\r\n${tag} OK done\r\n`);
        } else if (verb.toUpperCase() === "LOGOUT") socket.end(`* BYE\r\n${tag} OK bye\r\n`);
        else socket.write(`${tag} BAD unknown\r\n`);
      }
    });
  },
).listen(Number(port), host);
