/**
 * Quotes foreign text in the syntax of a tool. User names come from documents that anybody may have written. OUT-3
 *
 * Control characters were refused before: none of these formats can hold them.
 */

/** One word of a POSIX shell. */
export const shell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** One word of mutt, which expands `$` and backticks within double quotes, but not within single ones. */
export const mutt = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`;

/** A basic string of TOML; JSON is one. */
export const toml = (text: string): string => JSON.stringify(text);

/** The rest of a line of msmtp: it takes off the outer quotes and knows no escapes. */
export const msmtp = (text: string): string => `"${text}"`;

/** Within double quotes, backslash and quote escaped: git config, mbsync. */
export const doubled = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&")}"`;
