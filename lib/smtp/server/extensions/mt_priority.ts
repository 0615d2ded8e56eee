/** MT-PRIORITY: how urgent a message is, within what the account may ask for. RFC 6710 §3, §4 */
import {
  BAD_PRIORITY,
  PRIORITY_TOO_LOW,
  priorityLowered,
  TOO_BIG_FOR_PRIORITY,
} from "../../../reply/catalog.ts";
import type { Extension } from "../extension.ts";

/** Which priorities are taken, and from whom. RFC 6710 */
export interface PrioritySettings {
  /** Accounts that may ask for more than 0. RFC 6710 §7 */
  readonly urgent: ReadonlySet<string>;
  /** Lower ones are refused. RFC 6710 §4.1 */
  readonly least: number;
  /** Octets that a message with a positive priority may declare; 0: any number. RFC 6710 §5 */
  readonly urgentBytes: number;
}

/** No plus sign, no -0. RFC 6710 §3 */
const PRIORITY = /^(?:-[1-9]|[0-9])$/;

export const mtPriority = ({ urgent, least, urgentBytes }: PrioritySettings): Extension => ({
  keyword: (_, peer) => peer.tls ? "MT-PRIORITY" : null,
  mailParameters: {
    "MT-PRIORITY": (value, mail, { peer }) => {
      if (value === null || !PRIORITY.test(value)) return BAD_PRIORITY;
      if (mail.priority !== undefined) return BAD_PRIORITY;
      const asked = Number(value);
      const priority = asked > 0 && !urgent.has(peer.account ?? "") ? 0 : asked;
      if (priority < least) return PRIORITY_TOO_LOW;
      const taken = { ...mail, priority };
      return priority === asked ? taken : { mail: taken, notice: priorityLowered(priority) };
    },
  },
  mailRule: ({ priority = 0, declaredSize }) =>
    priority > 0 && urgentBytes > 0 && declaredSize !== null && declaredSize > urgentBytes
      ? TOO_BIG_FOR_PRIORITY
      : null,
});
