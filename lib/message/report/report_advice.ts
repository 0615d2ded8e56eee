/** What a sender can do about a status, in one plain sentence. RFC 3463 §3 */

const BY_STATUS: ReadonlyArray<readonly [RegExp, string]> = [
  [
    /^[45]\.1\.(?:0|1|3|6)$/,
    "Check the address for typing errors, or ask the recipient for the right one.",
  ],
  [/^[45]\.1\.(?:2|10)$/, "Check what stands behind the @: no mail can be sent to that domain."],
  [/^[45]\.1\.[78]$/, "Your own address was refused: tell your postmaster."],
  [
    /^[45]\.2\.2$/,
    "The recipient's mailbox is full: tell them in another way, and send it again later.",
  ],
  [/^[45]\.2\./, "The recipient's mailbox takes no mail now: reach them in another way."],
  [
    /^[45]\.(?:3\.4|2\.3)$/,
    "Send it without its attachments, or put them where they can be fetched.",
  ],
  [
    /^[45]\.4\.7$/,
    "Their server could not be reached or did not take it in all this time: try again, or reach them in another way.",
  ],
  [/^[45]\.4\.6$/, "The message went in circles: tell your postmaster."],
  [/^[45]\.[34]\./, "The fault lies with their server or the network: try again later."],
  [
    /^[45]\.6\./,
    "Their server cannot take this kind of message: send it as plain text or as a file of another kind.",
  ],
  [
    /^[45]\.7\.(?:10|30)$/,
    "It may only go over protected connections, and there is none on the way: send it without that demand.",
  ],
  [
    /^[45]\.7\./,
    "Their server refuses it by its rules: its words say why; their postmaster can help.",
  ],
];

/** For a recipient who failed. */
export const adviceFor = (status: string): string =>
  BY_STATUS.find(([pattern]) => pattern.test(status))?.[1] ??
    "If the words above do not help, show this report to your postmaster.";
