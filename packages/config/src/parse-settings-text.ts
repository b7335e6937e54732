// Parses the text of a settings file, JSON or YAML alike. No code in it, or beside it, ever runs.

import { lineOf } from "./printable.ts";

/** A parsed text, or why it is none: `at line 3, column 1: duplicated mapping key`. */
export type ParsedText =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "malformed"; readonly reason: string };

/** The value of one JSON or YAML document; null for a text of nothing but blanks and comments. Never rejects. */
export async function parseSettingsText(text: string): Promise<ParsedText> {
  if (linesOf(text).every((line) => /^\s*(#|$)/.test(line))) return { kind: "value", value: null };
  // Loaded here, so that a task without a file does not carry the parser in its memory. Its loaders alone: while an explorer is made,
  // it executes `.config/config.js` of the working directory, whatever its options.
  const { defaultLoaders } = await import("cosmiconfig");
  try {
    // JSON goes through the YAML loader too: the JSON loader takes duplicate keys in silence.
    return { kind: "value", value: defaultLoaders[".yaml"]("", text) };
  } catch (error) {
    return { kind: "malformed", reason: reasonOf(error, text) };
  }
}

interface YamlErrorShape {
  readonly reason?: unknown;
  readonly mark?: { readonly line?: unknown; readonly column?: unknown };
}

// Never the whole message: it quotes lines of the file.
function reasonOf(error: unknown, text: string): string {
  const { reason, mark } = error as YamlErrorShape;
  const said = typeof reason === "string" ? lineOf(reason) : "it cannot be parsed";
  if (typeof mark?.line === "number" && typeof mark.column === "number")
    return `at line ${mark.line + 1}, column ${mark.column + 1}: ${said}`;
  const second = secondDocumentLineOf(text);
  return second === undefined ? said : `at line ${second}: ${said}`;
}

/** The line on which a second document begins, from 1; the parser says that there is one, not where. */
function secondDocumentLineOf(text: string): number | undefined {
  let begun = false;
  let ended = false;
  for (const [index, line] of linesOf(text).entries()) {
    const marker = /^(---|\.\.\.)(\s|$)/.exec(line)?.[1];
    const content = marker === undefined && !/^\s*(#|$)|^%/.test(line);
    if (begun && (marker === "---" || (ended && content))) return index + 1;
    ended = marker === "...";
    begun = begun || content || marker === "---";
  }
  return undefined;
}

const linesOf = (text: string): readonly string[] => text.split(/\r\n|\r|\n/);
