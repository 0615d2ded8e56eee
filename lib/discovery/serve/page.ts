/**
 * The page for people: takes an address and shows the settings, the easiest way first. It works without its script,
 * and does not reveal whether a mailbox exists.
 */
import { base64, sha256 } from "../digest.ts";
import type { Offer } from "../offer.ts";
import type { Service } from "../service.ts";
import { toUnicode } from "../../address/u_label.ts";
import { element, escape, leaf } from "../xml.ts";
import { SCRIPT, STYLE } from "./page_assets.ts";
import type { Problem } from "./page_problem.ts";
import { settingsCard } from "./page_settings.ts";
import { qrSvg } from "./qr.ts";
import { visible } from "./visible.ts";
import type { Words } from "./words/words.ts";

/** `address` is one of the offer's domain; null before it was entered. */
export interface PageState {
  readonly words: Words;
  readonly offer: Offer | null;
  readonly address: string | null;
  /** What was entered, as it is shown again. */
  readonly entered: string;
  readonly problem: Problem | null;
  /** Where the profile is; null where none can be made. */
  readonly profile: string | null;
}

/** A text of ours with something of others in it, which may run in another direction: isolated. HTML §4.5.24 */
const filled = (template: string, slot: string, markup: string): string =>
  escape(template).replace(`{${slot}}`, () => markup);

const isolated = (text: string): string => leaf("bdi", visible(text));

/** The display name, or the domain with its U-labels. */
export const nameOf = (offer: Offer): string =>
  offer.name === offer.domain ? toUnicode(offer.domain) : offer.name;

const INCOMING = ["imap", "pop3", "jmap"] as const;

interface Sorted {
  /** One to receive with and one to send with. */
  readonly main: ReadonlyArray<Service>;
  readonly alternatives: ReadonlyArray<Service>;
  readonly more: ReadonlyArray<Service>;
}

const sorted = (offer: Offer): Sorted => {
  const of = (...kinds: ReadonlyArray<Service["kind"]>) =>
    kinds.flatMap((k) => offer.services.filter((s) => s.kind === k));
  const mail = of(...INCOMING, "submission");
  const main = [of(...INCOMING)[0], of("submission")[0]].flatMap((s) => s ?? []);
  return {
    main,
    alternatives: mail.filter((s) => !main.includes(s)),
    more: of("caldav", "carddav", "webdav", "sieve"),
  };
};

const easyCard = (w: Words, address: string): string =>
  element(
    "section",
    leaf("h2", w.easyTitle) + leaf("p", w.easyText) +
      element(
        "p",
        element("code", isolated(address), {
          "data-copy": `${w.copy} ${w.field}: ${visible(address)}`,
        }),
        { class: "value" },
      ),
  );

const profileCard = (w: Words, url: string): string =>
  element(
    "section",
    leaf("h2", w.appleTitle) + leaf("p", w.appleText) +
      element("p", leaf("a", w.download, { href: url, class: "button" })) +
      leaf("p", w.camera) + qrSvg(url, w.qr),
  );

const columns = (cards: ReadonlyArray<string>): string =>
  element("div", cards.join("\n"), { class: "columns" });

const folded = (w: Words, title: string, services: ReadonlyArray<Service>, address: string) =>
  services.length === 0 ? "" : element(
    "details",
    leaf("summary", title) + columns(services.map((s) => settingsCard(w, s, address))),
  );

/** What people with a newer program need comes first, what must be typed next, the rest folded away. */
const settings = (w: Words, offer: Offer, address: string, profile: string | null): string => {
  const { main, alternatives, more } = sorted(offer);
  return [
    element("p", filled(w.settingsFor, "address", element("strong", isolated(address)))),
    columns([easyCard(w, address), ...(profile === null ? [] : [profileCard(w, profile)])]),
    leaf("h2", w.byHand),
    columns(main.map((s) => settingsCard(w, s, address))),
    folded(w, w.alternatives, alternatives, address),
    folded(w, w.more, more, address),
    offer.documentation === null
      ? ""
      : element("p", leaf("a", w.help, { href: offer.documentation })),
  ].join("\n");
};

const problemText = (w: Words, p: Problem): string => {
  const near = p.near === null ? "" : ` ${
    filled(
      w.didYouMean,
      "address",
      element("a", isolated(p.near), { href: `/?address=${encodeURIComponent(p.near)}` }),
    )
  }`;
  return element("p", filled(w[p.what], "domain", isolated(p.domain)) + near, {
    id: "problem",
    class: "error",
    role: "alert",
  });
};

/** A field for text: that for addresses would refuse letters which RFC 6531 allows. */
const form = ({ words: w, entered, problem }: PageState): string => {
  const told = problem === null ? "" : ` aria-invalid="true" aria-describedby="problem"`;
  return `<form method="get" action="/"><div class="field"><label for="address">${
    escape(w.field)
  }</label><input id="address" name="address" type="text" inputmode="email" autocomplete="email" ` +
    `autocapitalize="none" spellcheck="false" dir="ltr" required value="${
      escape(visible(entered))
    }"${told}>${problem === null ? "" : problemText(w, problem)}</div><button>${
      escape(w.show)
    }</button></form>`;
};

export const page = (s: PageState): string => {
  const { words: w, offer } = s;
  const title = offer === null ? w.title : w.titleOf.replace("{name}", () => nameOf(offer));
  const body = [
    leaf("h1", title),
    leaf("p", w.purpose),
    form(s),
    offer === null || s.address === null ? "" : settings(w, offer, s.address, s.profile),
    `<p id="said" role="status" aria-live="polite" data-copy="${escape(w.copy)}" data-copied="${
      escape(w.copied)
    }"></p>`,
  ].join("\n");
  return `<!DOCTYPE html>
<html lang="${w.lang}" dir="${w.dir}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title><style>${STYLE}</style></head>
<body><main>
${body}
</main><script>${SCRIPT}</script></body></html>
`;
};

const digest = async (text: string): Promise<string> => `'sha256-${base64(await sha256(text))}'`;

/** Nothing but our own style and script runs in the page. */
export const pagePolicy = async (): Promise<string> =>
  [
    "default-src 'none'",
    `style-src ${await digest(STYLE)}`,
    `script-src ${await digest(SCRIPT)}`,
    "img-src data:",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
