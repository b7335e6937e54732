// Reads the text of a settings file, and refuses what is not a small text file.

import { constants, open } from "node:fs/promises";

/** More than a thousand times what a file with every setting needs. */
const boundBytes = 256 * 1024;

/** What is at a path: a text, nothing at all, what this user may not see, or what is no settings file, in words: `a directory`. */
export type SettingsText =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "absent" }
  | { readonly kind: "denied" | "unreadable"; readonly is: string };

/**
 * Reads a text file of at most 256 KiB in UTF-8, with or without a byte order mark. Never rejects, never waits for a writer, and
 * never reads more than it may.
 */
export async function readSettingsText(path: string): Promise<SettingsText> {
  try {
    // Without O_NONBLOCK, opening a named pipe waits for its writer for ever.
    await using file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await file.stat();
    if (stats.isDirectory())
      return unreadable("a directory (a bind mount of a file that does not exist makes one)");
    if (!stats.isFile()) return unreadable("no regular file");
    if (stats.size > boundBytes) return unreadable(`${stats.size} bytes long`);
    // Files such as those of /proc do not tell their size, and a file may grow.
    const bytes = new Uint8Array(boundBytes + 1);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length);
      if (bytesRead === 0) return textOf(bytes.subarray(0, length));
      length += bytesRead;
    }
    return unreadable(`more than ${boundBytes} bytes long`);
  } catch (error) {
    const { code = "no reason given" } = error as { readonly code?: string };
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "absent" };
    // Of a path in a closed directory, this is the answer whether or not there is a file.
    if (code === "EACCES")
      return { kind: "denied", is: "nothing that this user may read (EACCES)" };
    return unreadable(`nothing that can be read (${code})`);
  }
}

const unreadable = (is: string): SettingsText => ({ kind: "unreadable", is });

function textOf(bytes: Uint8Array): SettingsText {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    return unreadable("UTF-16");
  // UTF-16 without its mark is valid UTF-8 with a null byte in every other place.
  if (bytes.includes(0)) return unreadable("binary data, or UTF-16");
  try {
    return { kind: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return unreadable("binary data, or a text in another encoding than UTF-8");
  }
}
