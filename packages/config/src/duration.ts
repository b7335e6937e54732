// Durations as people write them: plain decimal seconds, or a number with a unit.

const factors: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `120`, `0.5`, `90s`, `500ms`, `2m`, `1h`; no sign, no exponent, no blanks, the digits 0 to 9 alone. */
export const durationPattern: RegExp = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)?$/;

/**
 * The milliseconds of a duration, a number being seconds. NaN for a text of another form; not whole for one that is finer
 * than a millisecond, such as `0.0005`.
 */
export function durationMsOf(duration: number | string): number {
  if (typeof duration === "number") return wholeMsOf(duration * 1000);
  const [, digits, unit = "s"] = durationPattern.exec(duration) ?? [];
  return wholeMsOf(Number(digits) * (factors[unit] ?? Number.NaN));
}

// 1.001 * 1000 is not 1001 in binary; "plus 0" turns YAML's -0 into 0.
function wholeMsOf(ms: number): number {
  const whole = Math.round(ms);
  return (Math.abs(ms - whole) < 1e-6 ? whole : ms) + 0;
}

/** For people, and again a duration: `120s`, `1500ms`. */
export const durationLabelOf = (ms: number): string =>
  ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
