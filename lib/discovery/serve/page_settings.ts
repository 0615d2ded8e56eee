/** One server on the page for people: the fields of a mail program and their values. */
import { type Security, type Service, urlOf, usernameOf } from "../service.ts";
import { element, escape, leaf } from "../xml.ts";
import { visible } from "./visible.ts";
import type { Words } from "./words/words.ts";

/** As mail programs call them, in every language. */
const SECURITY: Readonly<Record<Exclude<Security, "none">, string>> = {
  implicit: "SSL/TLS",
  starttls: "STARTTLS",
  https: "HTTPS",
};

const row = (term: string, value: string): string =>
  element("div", leaf("dt", term) + element("dd", value));

const said = (term: string, value: string): string => row(term, leaf("span", value));

/** What people would have to type can be copied. */
const typed = (w: Words, term: string, value: string): string => {
  const text = visible(value);
  return row(
    term,
    `<code data-copy="${escape(`${w.copy} ${term}: ${text}`)}">${leaf("bdi", text)}</code>`,
  );
};

export const settingsCard = (w: Words, s: Service, address: string): string => {
  const url = urlOf(s);
  const place = url === null
    ? [typed(w, w.server, s.host), said(w.port, String(s.port))]
    : [typed(w, w.url, url)];
  return element(
    "section",
    leaf("h3", w.kinds[s.kind]) +
      element(
        "dl",
        [
          ...place,
          said(w.encryption, s.security === "none" ? w.noEncryption : SECURITY[s.security]),
          typed(w, w.user, usernameOf(s.username, address)),
          said(w.signIn, s.auth.map((a) => w.auths[a]).join(", ")),
        ].join(""),
      ),
  );
};
