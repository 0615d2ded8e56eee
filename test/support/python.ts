/** Foreign readers of what we write: the parsers that come with Python. */

/** What the program prints, given `input`; it fails where the program does. */
export const python = async (program: string, input: string): Promise<string> => {
  const child = new Deno.Command("python3", {
    args: ["-c", program],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
};

/** An XML document as JSON: `[tag, attributes, text, children]`, namespaces in braces. */
export const readXml = async (xml: string): Promise<unknown> =>
  JSON.parse(
    await python(
      `import sys, json, xml.etree.ElementTree as E
def show(e): return [e.tag, e.attrib, (e.text or "").strip(), [show(c) for c in e]]
print(json.dumps(show(E.fromstring(sys.stdin.buffer.read()))))`,
      xml,
    ),
  );

/** A property list as JSON. */
export const readPlist = async (xml: string): Promise<unknown> =>
  JSON.parse(
    await python(
      "import sys, json, plistlib\nprint(json.dumps(plistlib.loads(sys.stdin.buffer.read())))",
      xml,
    ),
  );
