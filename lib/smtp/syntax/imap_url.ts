/**
 * URLs of message parts that an IMAP server delivers to any bearer of the URL. RFC 5092 §11, RFC 4467 §9
 *
 * Only the form that BURL needs: absolute, one message or a part of it, with a URLAUTH at its end.
 */
export interface ImapUrl {
  /** As it came: the token covers every octet of it. */
  readonly text: string;
  /** `host:port`, in lower case. */
  readonly origin: string;
  /** Who may fetch it: `submit+alice`, percent-decoded. RFC 4467 §3 */
  readonly access: string;
}

const ACHAR = String.raw`[A-Za-z0-9\-._~!$'()*+,&=]|%[0-9A-Fa-f]{2}`;
const BCHAR = `(?:${ACHAR}|[:@/])`;
const DATE_TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+\-]\d\d:\d\d)`;

const FORM = new RegExp(
  `^imap://(?:(?:${ACHAR})*(?:;AUTH=(?:\\*|(?:${ACHAR})+))?@)?` +
    String.raw`([A-Za-z0-9.\-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?` +
    `/(?:${BCHAR})+(?:;UIDVALIDITY=[1-9][0-9]{0,9})?/;UID=[1-9][0-9]{0,9}` +
    String.raw`(?:/;SECTION=${BCHAR}+)?(?:/;PARTIAL=[0-9]{1,15}(?:\.[1-9][0-9]{0,14})?)?` +
    `(?:;EXPIRE=${DATE_TIME})?` +
    String.raw`;URLAUTH=((?:${ACHAR})+):[A-Za-z0-9.\-]{1,64}:[0-9A-Fa-f]{32,512}$`,
  "i",
);

/** RFC 3501 §2.1 */
const PORT = 143;

const decode = (s: string): string | null => {
  try {
    return decodeURIComponent(s);
  } catch {
    return null;
  }
};

/** Null where it is not that. */
export const parseImapUrl = (text: string): ImapUrl | null => {
  const m = FORM.exec(text);
  const [host, port, access] = [m?.[1], m?.[2], m?.[3]];
  if (host === undefined || access === undefined) return null;
  const number = port === undefined ? PORT : Number(port);
  const decoded = decode(access);
  if (decoded === null || number < 1 || number > 65_535) return null;
  return { text, origin: `${host.toLowerCase()}:${number}`, access: decoded };
};
