/** Where a filter listens, as the configuration writes it. */
export type FilterAddress =
  | { readonly _tag: "Rspamd"; readonly url: string }
  | { readonly _tag: "Tcp"; readonly host: string; readonly port: number }
  | { readonly _tag: "Unix"; readonly path: string };

/** `rspamd:http://host:port`, `milter://host:port`, `milter+unix:/path`; null for anything else. */
export const parseFilterPlace = (text: string): FilterAddress | null => {
  if (text.startsWith("milter+unix:")) {
    const path = text.slice("milter+unix:".length);
    return path.startsWith("/") && !path.includes("\0") ? { _tag: "Unix", path } : null;
  }
  if (text.startsWith("milter://")) {
    const url = parsed(`http://${text.slice("milter://".length)}`);
    return url === null || url.port === "" || url.pathname !== "/"
      ? null
      : { _tag: "Tcp", host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(url.port) };
  }
  if (!/^rspamd:https?:\/\//.test(text)) return null;
  const url = parsed(text.slice("rspamd:".length));
  return url === null || url.pathname !== "/" ? null : { _tag: "Rspamd", url: url.origin };
};

const parsed = (text: string): URL | null => {
  const url = URL.parse(text);
  return url === null || url.hostname === "" || url.username !== "" || url.search !== ""
    ? null
    : url;
};
