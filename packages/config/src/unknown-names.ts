// Tells names that no setting has from those that have one, and finds what a mistyped one most probably meant.

import { nameLabelOf } from "./printable.ts";
import type { SettingFault } from "./setting-fault.ts";

/** A known name, and all spellings that may have been meant for it, itself included. */
export interface KnownName {
  readonly name: string;
  readonly spellings: readonly string[];
}

// Somebody else's file has nothing but unknown keys: that is said after so many of them, not after the last.
const bound = 20;

/**
 * A fault for each of `names` that is not known, with the known name nearest to it; for more than 20, one more that counts the rest.
 *
 * @param sourceOf the source that a fault names, for a name made printable.
 * @param origin where they all came from: `the environment`, or the file's path.
 */
export function unknownNameFaults(
  names: readonly string[],
  known: readonly KnownName[],
  origin: string,
  sourceOf: (label: string) => string,
): readonly SettingFault[] {
  const unknown = names.filter((name) => !known.some((one) => one.name === name));
  const faults = unknown.slice(0, bound).map((name): SettingFault => {
    const nearest = nearestOf(name, known);
    const label = nameLabelOf(name);
    return {
      code: "unknown",
      source: sourceOf(label),
      wanted: nearest,
      got: label,
      message: `${sourceOf(label)} is no setting; the nearest known name is ${nearest}.`,
    };
  });
  const more = unknown.length - faults.length;
  if (more === 0) return faults;
  const message = `${origin} has ${more} more unknown names.`;
  return [
    ...faults,
    { code: "unknown", source: origin, wanted: "known names alone", got: `${more} more`, message },
  ];
}

/**
 * The known name with the fewest typing errors (a letter missing, added or wrong) between one of its spellings and
 * `name`; case, separators and the prefix aside, by the first 64 characters, the first of several. Empty if nothing is known.
 */
export function nearestOf(name: string, known: readonly KnownName[]): string {
  const meant = plain(name);
  let nearest = "";
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of known)
    for (const spelling of candidate.spellings) {
      const right = plain(spelling);
      // A part of a name, such as `timeout`, is nearer to the whole than to a short name with as few letters.
      const errors =
        meant.length >= 3 && right !== meant && right.includes(meant)
          ? 1
          : typingErrors(meant, right);
      if (errors < fewest) [nearest, fewest] = [candidate.name, errors];
    }
  return nearest;
}

const plain = (name: string): string =>
  name
    .slice(0, 64)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "")
    // Every name may carry it, so it would only drown the differences.
    .replace(/^nlbsidecar/, "");

// Levenshtein's distance.
function typingErrors(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++)
      row[j] = Math.min(
        at(above, j) + 1,
        at(row, j - 1) + 1,
        at(above, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    above = row;
  }
  return at(above, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? 0;
