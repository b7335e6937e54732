// Counts tests by the closing lines of `bun test`, as turbo passes them on, also when it replays them from its cache.

/** How many tests passed and failed. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Sums the closing lines of `bun test` in a log of turbo: `@nlb-sidecar/health:test:  9 pass`.
 *
 * @param log without colours.
 * @param suites the tasks that must have closed, as turbo prefixes their lines: `@nlb-sidecar/health:test`. One that did not
 * counts as one failed test: it crashed, or never began.
 * @returns with it the suites that did not close.
 */
export function countsOf(
  log: string,
  suites: readonly string[],
): Counts & { readonly unclosed: readonly string[] } {
  const linesOf = new Map<string, string[]>(suites.map((suite) => [suite, []]));
  for (const line of log.split("\n")) {
    const suite = suites.find((name) => line.startsWith(`${name}:`));
    // One space is turbo's; bun's own begins the counts.
    if (suite !== undefined) linesOf.get(suite)?.push(line.slice(suite.length + 2).trimEnd());
  }
  let passed = 0;
  let failed = 0;
  const unclosed: string[] = [];
  for (const [suite, lines] of linesOf) {
    const closing = closingCounts(lines);
    passed += closing?.passed ?? 0;
    failed += closing?.failed ?? 1;
    if (closing === undefined) unclosed.push(suite);
  }
  return { passed, failed, unclosed };
}

/** The counts above bun's `Ran 9 tests across 1 file.`; undefined where that line is missing, as after a crash. */
export function closingCounts(lines: readonly string[]): Counts | undefined {
  const end = lines.findLastIndex((line) => /^Ran \d+ tests? across \d+ files?\./.test(line));
  if (end === -1) return undefined;
  // Everything that a test prints stands above; these lines stand together, under the last blank one.
  const start = lines.findLastIndex((line, at) => at < end && line.trim() === "");
  const count = (kind: string) =>
    lines
      .slice(start + 1, end)
      .map((line) => new RegExp(`^ *(\\d+) ${kind}$`).exec(line)?.[1])
      .reduce((sum, digits) => sum + Number(digits ?? 0), 0);
  // An error outside of a test is counted among the failed ones where its file holds tests, and only named otherwise.
  return { passed: count("pass"), failed: Math.max(count("fail"), count("errors?")) };
}
