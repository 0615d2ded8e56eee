/** Foreign clients of DNS, and what they print in a form that can be compared. */

export const run = async (
  program: string,
  args: ReadonlyArray<string>,
): Promise<{ readonly code: number; readonly text: string }> => {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
  }).output();
  const d = new TextDecoder();
  return { code, text: d.decode(stdout) + d.decode(stderr) };
};

export interface Dug {
  readonly status: string;
  readonly flags: string;
  readonly answer: ReadonlyArray<string>;
  readonly authority: ReadonlyArray<string>;
  readonly edns: string;
  readonly text: string;
}

const section = (text: string, name: string): ReadonlyArray<string> => {
  const [, body = ""] = new RegExp(`;; ${name} SECTION:\n([\\s\\S]*?)\n\n`).exec(`${text}\n\n`) ??
    [];
  return body.split("\n").map((l) => l.trim().replaceAll(/\s+/g, " ")).filter((l) => l !== "")
    .sort();
};

/** `dig` at a port of loopback; cookies off, because we give none. */
export const dig = async (port: number, ...args: ReadonlyArray<string>): Promise<Dug> => {
  const fixed = ["@127.0.0.1", "-p", String(port), "+nocookie", "+time=3", "+tries=1", "+norec"];
  const { text } = await run("dig", [...fixed, ...args]);
  return {
    status: /status: (\w+)/.exec(text)?.[1] ?? text.trim().split("\n").at(-1) ?? "",
    flags: /^;; flags: ([a-z ]*);/m.exec(text)?.[1] ?? "",
    answer: section(text, "ANSWER"),
    authority: section(text, "AUTHORITY"),
    edns: /^; EDNS: (.*?)(?:; udp: \d+)?$/m.exec(text)?.[1] ?? "",
    text,
  };
};
