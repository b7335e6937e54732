// Blanks out what is no code, so that a rule about code does not find itself in a comment.

/**
 * The code of a TypeScript text, with every comment blanked out and, unless `strings` is `"kept"`, the inside of every
 * string and regular expression as well. Length and line breaks stay, so an index means the same place in both texts.
 *
 * A scanner, not a parser: it tells a division from a regular expression by the sign before it.
 */
export function codeOf(text: string, strings: "blanked" | "kept" = "blanked"): string {
  const out = text.split("");
  const blank = (from: number, to: number) => {
    for (let at = from; at < to; at++) if (out[at] !== "\n") out[at] = " ";
  };
  const chars = text.split("");
  // One entry for each open template literal: how many braces are open inside its current `${`.
  const templates: number[] = [];
  let at = 0;
  let before = "";

  const quoted = (start: number, isEnd: (at: number) => boolean): number => {
    let end = start;
    while (end < chars.length && !isEnd(end)) end += chars[end] === "\\" ? 2 : 1;
    if (strings === "blanked") blank(start, Math.min(end, chars.length));
    return end;
  };
  const template = (start: number): number => {
    const end = quoted(
      start,
      (i) => chars[i] === "`" || (chars[i] === "$" && chars[i + 1] === "{"),
    );
    if (chars[end] === "$") {
      templates.push(0);
      return end + 2;
    }
    return end + 1;
  };

  while (at < chars.length) {
    const char = chars[at] ?? "";
    const next = chars[at + 1];
    if (char === "/" && next === "/") {
      const end = chars.indexOf("\n", at);
      blank(at, end === -1 ? chars.length : end);
      at = end === -1 ? chars.length : end;
    } else if (char === "/" && next === "*") {
      let end = at + 2;
      while (end < chars.length && !(chars[end] === "*" && chars[end + 1] === "/")) end++;
      blank(at, Math.min(end + 2, chars.length));
      at = end + 2;
    } else if (char === '"' || char === "'") {
      at = quoted(at + 1, (i) => chars[i] === char || chars[i] === "\n") + 1;
      before = char;
    } else if (char === "`") {
      at = template(at + 1);
      before = "`";
    } else if (char === "}" && templates.at(-1) === 0) {
      templates.pop();
      at = template(at + 1);
      before = "`";
    } else if (char === "/" && startsExpression(before)) {
      let inClass = false;
      at =
        quoted(at + 1, (i) => {
          if (chars[i] === "[") inClass = true;
          if (chars[i] === "]") inClass = false;
          return chars[i] === "\n" || (chars[i] === "/" && !inClass);
        }) + 1;
      before = "/";
    } else {
      const open = templates.length - 1;
      if (open >= 0 && char === "{") templates[open] = (templates[open] ?? 0) + 1;
      if (open >= 0 && char === "}") templates[open] = (templates[open] ?? 0) - 1;
      if (/\w/.test(char))
        before = /\w$/.test(before) && /\w/.test(chars[at - 1] ?? "") ? before + char : char;
      else if (!/\s/.test(char)) before = char;
      at++;
    }
  }
  return out.join("");
}

// What stands before a slash that begins a regular expression; after a name, a number or a closing bracket it divides.
const startsExpression = (before: string): boolean =>
  before === "" || /^(return|typeof|case|in|of|=>|[=(,[!&|?:;{}<>+\-*%~^])$/.test(before);
