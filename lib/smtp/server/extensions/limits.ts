/** LIMITS: how many recipients and messages are taken at a time. RFC 9422 §3, §4 */
import type { Extension } from "../extension.ts";

/** What the notation has room for. RFC 9422 §3.2 */
const told = (n: number): number => Math.min(n, 999_999);

export const limits: Extension = {
  keyword: (rules, peer) =>
    peer.tls
      ? `LIMITS RCPTMAX=${told(rules.recipients)} MAILMAX=${told(rules.messagesPerSession)}`
      : null,
};
