/** A message as Python's `email` package reads it: type, nesting and decoded octets of every leaf. */

const SCRIPT = `
import sys, json, email, hashlib
def leaves(m, depth=0):
    if m.is_multipart():
        out = [[depth, m.get_content_type(), None]]
        for p in m.get_payload():
            out += leaves(p, depth + 1)
        return out
    body = m.get_payload(decode=True)
    return [[depth, m.get_content_type(), hashlib.sha256(body).hexdigest()]]
def read(hexed):
    return leaves(email.message_from_bytes(bytes.fromhex(hexed)))
print(json.dumps([read(line.strip()) for line in sys.stdin if line.strip()]))
`;

/** One line of a message's structure: depth, type, SHA-256 of what a leaf decodes to. */
export type Leaf = readonly [number, string, string | null];

const hex = (octets: Uint8Array): string =>
  Array.from(octets, (o) => o.toString(16).padStart(2, "0")).join("");

const python = async <A>(
  script: string,
  args: ReadonlyArray<string>,
  lines: ReadonlyArray<string>,
): Promise<A> => {
  const child = new Deno.Command("python3", {
    args: ["-c", script, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(lines.join("\n") + "\n"));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
};

export const readWithPython = (
  messages: ReadonlyArray<Uint8Array>,
): Promise<ReadonlyArray<ReadonlyArray<Leaf>>> => python(SCRIPT, [], messages.map(hex));

const HEADERS = `
import sys, json, email
from email.header import decode_header, make_header
names = json.loads(sys.argv[1])
def read(hexed):
    m = email.message_from_bytes(bytes.fromhex(hexed))
    return [str(make_header(decode_header(m[n]))) for n in names]
print(json.dumps([read(line.strip()) for line in sys.stdin if line.strip()]))
`;

/** Fields as they are shown to people: encoded words decoded. */
export const headersWithPython = (
  messages: ReadonlyArray<string>,
  names: ReadonlyArray<string>,
): Promise<ReadonlyArray<ReadonlyArray<string>>> =>
  python(HEADERS, [JSON.stringify(names)], messages.map((m) => hex(new TextEncoder().encode(m))));
