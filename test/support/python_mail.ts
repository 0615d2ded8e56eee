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

export const readWithPython = async (
  messages: ReadonlyArray<Uint8Array>,
): Promise<ReadonlyArray<ReadonlyArray<Leaf>>> => {
  const child = new Deno.Command("python3", {
    args: ["-c", SCRIPT],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(messages.map(hex).join("\n") + "\n"));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
};
