/**
 * TypeScript source without its comments, and without the contents of its strings. Knows strings,
 * templates, comments and, by what stands before the slash, regular expressions; nothing more.
 */

export interface SourceText {
  readonly withoutComments: string;
  /** Comments gone too; string, template and regex literals emptied. */
  readonly withoutStrings: string;
}

/** A slash behind one of these (or at the start) begins a regular expression. */
const BEFORE_REGEX = /(?:^|[=(,:[!&|?{};>+]|\breturn)\s*$/;

/** The index behind the string that opens at `at`; a line break ends one that was never closed. */
const endOfString = (s: string, at: number): number => {
  const quote = s[at];
  for (let i = at + 1; i < s.length; i++) {
    if (s[i] === "\\") i++;
    else if (s[i] === quote || s[i] === "\n") return i + 1;
  }
  return s.length;
};

const endOfRegex = (s: string, at: number): number => {
  let inClass = false;
  for (let i = at + 1; i < s.length; i++) {
    const c = s[i];
    if (c === "\\") i++;
    else if (c === "[") inClass = true;
    else if (c === "]") inClass = false;
    else if ((c === "/" && !inClass) || c === "\n") return i + 1;
  }
  return s.length;
};

export const code = (s: string): SourceText => {
  let kept = "";
  let bare = "";
  /** Depth of braces at which each open `${` ends. */
  const templates: Array<number> = [];
  let depth = 0;
  let inTemplate = false;
  for (let i = 0; i < s.length;) {
    const c = s[i]!;
    let end = i + 1;
    if (inTemplate) {
      if (c === "\\") end = i + 2;
      else if (c === "`") inTemplate = false;
      else if (c === "$" && s[i + 1] === "{") {
        templates.push(depth++);
        inTemplate = false;
        end = i + 2;
        bare += " ";
      }
      kept += s.slice(i, end);
    } else if (s.startsWith("//", i)) {
      end = s.indexOf("\n", i);
      if (end < 0) end = s.length;
    } else if (s.startsWith("/*", i)) {
      end = s.indexOf("*/", i + 2);
      end = end < 0 ? s.length : end + 2;
      kept += " ";
      bare += " ";
    } else if (c === '"' || c === "'") {
      end = endOfString(s, i);
      kept += s.slice(i, end);
      bare += '""';
    } else if (c === "/" && BEFORE_REGEX.test(bare.slice(-40))) {
      end = endOfRegex(s, i);
      kept += s.slice(i, end);
      bare += "/./";
    } else {
      if (c === "`") inTemplate = true;
      else if (c === "{") depth++;
      else if (c === "}" && --depth === templates.at(-1)) {
        templates.pop();
        inTemplate = true;
      }
      kept += c;
      bare += c === "`" || inTemplate ? " " : c;
    }
    i = end;
  }
  return { withoutComments: kept, withoutStrings: bare };
};
