/** FUTURERELEASE: keep the message until its time. RFC 4865 §3, §5 */
import { parseDateTime, printDateTime } from "../../../envelope/date_time.ts";
import type { Hold } from "../../../envelope/envelope.ts";
import type { Reply } from "../../../reply/reply.ts";
import { BAD_PARAMETER } from "../../../reply/catalog.ts";
import type { Extension, Given } from "../extension.ts";
import type { Mail } from "../state.ts";

/** RFC 4865 §5: 1 to 999999999 seconds. */
const SECONDS = /^[1-9][0-9]{0,8}$/;

/** `maxSeconds`: how long a message may be held. */
export const futureRelease = (maxSeconds: number): Extension => {
  const hold = (
    mail: Mail,
    { rules, peer }: Given,
    until: number,
    request: string,
  ): Mail | Reply => {
    const now = rules.now();
    // one of the two, once, and not beyond the announced maximum
    if (mail.hold !== undefined || until <= now || until > now + maxSeconds * 1000) {
      return BAD_PARAMETER;
    }
    const held: Hold = { until, request, account: peer.account ?? "" };
    return { ...mail, hold: held };
  };
  return {
    keyword: (rules, peer) =>
      peer.tls
        ? `FUTURERELEASE ${maxSeconds} ${printDateTime(rules.now() + maxSeconds * 1000)}`
        : null,
    mailParameters: {
      HOLDFOR: (value, mail, given) =>
        value !== null && SECONDS.test(value)
          ? hold(mail, given, given.rules.now() + Number(value) * 1000, `for;${value}`)
          : BAD_PARAMETER,
      HOLDUNTIL: (value, mail, given) => {
        const until = value === null ? null : parseDateTime(value);
        return value === null || until === null
          ? BAD_PARAMETER
          : hold(mail, given, until, `until;${value}`);
      },
    },
    // RFC 4865 §3 (8): not later than it must have arrived
    mailRule: (mail) =>
      mail.hold !== undefined && mail.deliverBy !== undefined &&
        mail.hold.until > mail.deliverBy.deadline
        ? BAD_PARAMETER
        : null,
  };
};
