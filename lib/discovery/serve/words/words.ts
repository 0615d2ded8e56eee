/** What the page for people says, in one language. `{name}` and the like are filled in where the page is made. */
import type { Auth, Kind } from "../../service.ts";

export interface Words {
  /** RFC 5646 */
  readonly lang: string;
  readonly dir: "ltr" | "rtl";
  readonly title: string;
  /** `{name}`: the provider */
  readonly titleOf: string;
  readonly purpose: string;
  readonly field: string;
  readonly show: string;
  readonly notAddress: string;
  readonly noAt: string;
  readonly unseen: string;
  /** `{domain}` */
  readonly notHere: string;
  /** `{address}` */
  readonly didYouMean: string;
  /** `{address}` */
  readonly settingsFor: string;
  readonly easyTitle: string;
  readonly easyText: string;
  readonly appleTitle: string;
  readonly appleText: string;
  readonly download: string;
  readonly camera: string;
  readonly qr: string;
  readonly byHand: string;
  readonly alternatives: string;
  readonly more: string;
  readonly help: string;
  readonly kinds: Readonly<Record<Kind, string>>;
  readonly server: string;
  readonly port: string;
  readonly url: string;
  readonly encryption: string;
  readonly user: string;
  readonly signIn: string;
  readonly auths: Readonly<Record<Auth, string>>;
  readonly noEncryption: string;
  readonly copy: string;
  readonly copied: string;
}
