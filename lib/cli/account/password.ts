/** Gets a new password: from standard input, from a person, or at random. */
import { Effect, Redacted } from "effect";
import { failed, type Failure, misused } from "../../app/failure.ts";
import { weakness } from "../../accounts/store/weak_password.ts";
import type { Mailbox } from "../../address/mailbox.ts";
import { askSecret, interactive, readStdin } from "../terminal.ts";

export interface NewPassword {
  readonly password: Redacted.Redacted<string>;
  /** Made here: to be shown once, nobody else knows it. */
  readonly generated: boolean;
}

/** No letters that look alike, nothing that a shell minds. */
const ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789";

/** 20 characters, about 99 bits. */
export const randomPassword = (): string => {
  const out: Array<string> = [];
  while (out.length < 20) {
    for (const octet of crypto.getRandomValues(new Uint8Array(32))) {
      // octets beyond the last whole multiple would favour the first letters
      if (octet < 248 && out.length < 20) out.push(ALPHABET[octet % ALPHABET.length] ?? "a");
    }
  }
  return [0, 5, 10, 15].map((at) => out.slice(at, at + 5).join("")).join("-");
};

/** The first line of standard input where `fromStdin`; else asks a person twice; else makes one up. */
export const newPassword = (fromStdin: boolean): Effect.Effect<NewPassword, Failure> =>
  Effect.gen(function* () {
    if (fromStdin) return { password: yield* firstLine, generated: false };
    if (!(yield* interactive)) return generate();
    const first = yield* askSecret("New password (empty: make one up): ");
    if (first === null) return yield* failed("given up, nothing was changed");
    if (Redacted.value(first) === "") return generate();
    const second = yield* askSecret("Once more: ");
    if (second === null || Redacted.value(second) !== Redacted.value(first)) {
      return yield* failed("the two differ, nothing was changed");
    }
    return { password: first, generated: false };
  });

/** Fails for a password that would be guessed. One that is made up here is none. NIST SP 800-63B §3.1.1.2 */
export const strong = (
  { password, generated }: NewPassword,
  addresses: ReadonlyArray<Mailbox>,
  least: number,
): Effect.Effect<void, Failure> => {
  const why = generated ? null : weakness(Redacted.value(password), addresses, least);
  return why === null ? Effect.void : Effect.fail(
    failed(
      `this password is too weak: ${why}; nothing was changed`,
      "take a longer one, or leave it out and one is made up",
    ),
  );
};

const generate = (): NewPassword => ({
  password: Redacted.make(randomPassword()),
  generated: true,
});

const firstLine = Effect.gen(function* () {
  const octets = yield* readStdin;
  const text = yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(octets),
    catch: () => misused("standard input: the password is not UTF-8"),
  });
  const line = text.split(/\r?\n/, 1)[0] ?? "";
  if (line === "") return yield* misused("standard input: its first line, the password, is empty");
  return Redacted.make(line);
});
