// Makes what the environment or a file held safe to print: bounded, on one line, without a secret.

const bound = 48;

// Control, format and line separator characters, and blanks other than the plain one: they would break a log line or not be seen.
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|[^\P{Zs} ]/gu;

/**
 * A text in quotes: at most 48 characters, unseen ones escaped, and masked what may be a secret in a URL: what stands before an
 * `@`, and the path and query.
 */
export function quoted(text: string): string {
  const whole = masked(text);
  // Cut in code units first, so that splitting into characters costs the same for any length.
  const characters = Array.from(whole.slice(0, 2 * bound + 2));
  const shown = characters.slice(0, bound).join("");
  const cut = shown.length < whole.length ? "..." : "";
  return `"${seen(shown.replace(/["\\]/g, "\\$&"))}${cut}"`;
}

/** A name of a setting as it came: bare if it is plain, otherwise in quotes. */
export const nameLabelOf = (name: string): string =>
  /^[\w$.-]{1,48}$/.test(name) ? name : quoted(name);

/** A path, or a message of another library: at most 160 characters on one line. */
export function lineOf(text: string): string {
  return seen(text.length > 160 ? `${text.slice(0, 157)}...` : text);
}

/** What came, in words that never hold more than one bounded scalar: `"1e3"`, `3601`, `a list`. */
export function gotLabelOf(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return typeof value === "number" || typeof value === "boolean" ? `${value}` : `a ${typeof value}`;
}

// Greedy on purpose: a password may itself hold "@", "/" or "#", and a malformed URL has no parts to go by.
const masked = (text: string): string =>
  text
    .replace(/^([a-z][a-z0-9+.-]*:\/*)?.*@/isu, (_, scheme = "") => `${scheme}***@`)
    .replace(/^((?:[^/?#]*\/\/+|(?![^/?#]*\/\/))[^/?#]*[/?#]).+$/su, "$1***");

const seen = (text: string): string =>
  text
    .toWellFormed()
    .replace(unseen, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
