// Whom to ask next, and when: pure, so that a whole fleet of them can be simulated.

/**
 * How a round ended: `answered`; `throttled` by the account's request rate; `failed` in a way that may pass; `refused` in a
 * way that will not pass by itself, such as a missing permission.
 */
export type RoundOutcome = "answered" | "throttled" | "failed" | "refused";

/** The pace of one source, that is, of one API with a request rate of its own. */
export interface SourcePace {
  /** Time between two questions to this source: the poll interval, or more after throttling. */
  readonly intervalMs: number;
  /** From the end of the last round until this source may be asked again; 0 or less: now. */
  readonly dueMs: number;
  /** How its last question ended; undefined until it was asked. */
  readonly outcome: RoundOutcome | undefined;
  /** Answers in a row. */
  readonly answers: number;
  /** Throttled rounds in a row. */
  readonly throttles: number;
  /** Refusals that will not pass by themselves, in a row. */
  readonly refusals: number;
  /** The interval that was held when the throttled rounds in a row began. */
  readonly heldMs: number;
  /** Whether they look like a moment's crowd or an outage, so that the way back to `heldMs` is short. */
  readonly returns: boolean;
  /** Whether it may take rounds of the first source. */
  readonly standsIn: boolean;
}

/** The paces of all sources, and whose turn it is. The first source is the one to prefer. */
export interface Schedule {
  /** The poll interval: the shortest time between two rounds, jitter apart. */
  readonly pollIntervalMs: number;
  /** Index of the source to ask in the coming round. */
  readonly turn: number;
  readonly sources: readonly SourcePace[];
}

// The rate's additive increase with each answer, for each millisecond of the interval it was held: so much in a second however
// often a task asks, which is what makes the shares equal. Searched with the fleet simulation beside the tests.
const increasePerMs2 = 1e-13;
const decrease = 1.5;
const intervalMaxMs = 30 * 60_000;
const refusalMaxMs = 15 * 60_000;
// So many throttled rounds in a row are an outage, and a throttled round after so many answers at the poll interval is a moment's
// crowd. Neither is contention within the fleet, whose tasks never come to that many: they return to what they held.
const outageThrottles = 6;
const settledAnswers = 20;
const jitter = 0.25;

/**
 * A schedule whose first round asks the first of `sources` sources at once.
 *
 * @param standsIn whether the source of this index may take rounds of the first; otherwise only a wish asks it. All do by default.
 */
export const scheduleOf = (
  pollIntervalMs: number,
  sources: number,
  standsIn: (index: number) => boolean = () => true,
): Schedule => ({
  pollIntervalMs,
  turn: 0,
  sources: Array.from({ length: sources }, (_, index) => ({
    intervalMs: pollIntervalMs,
    dueMs: 0,
    outcome: undefined,
    answers: 0,
    throttles: 0,
    refusals: 0,
    heldMs: pollIntervalMs,
    returns: false,
    standsIn: standsIn(index),
  })),
});

/**
 * The schedule after the round of `schedule.turn`, and the time until the next one.
 *
 * The rate of a source grows by a little with every answer and falls to two thirds with every throttled round, as TCP shares a
 * link, so that many tasks come to equal shares of an account's request rate; after an outage, or a throttled round out of the
 * blue, it is soon what it was. A failure that is no throttling leaves the rate. A refusal that will not pass is asked about again more and more rarely, at least every 15 minutes. While the first
 * source does not answer, or has to be asked more slowly, the second fills its rounds; two rounds are never closer
 * together than the poll interval less its jitter.
 *
 * @param random a number from 0 to below 1, each time it is called: each wait is varied by up to a quarter either way.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html
 */
export function nextRound(
  schedule: Schedule,
  outcome: RoundOutcome,
  random: () => number,
): { readonly schedule: Schedule; readonly waitMs: number } {
  const { pollIntervalMs, turn } = schedule;
  const varied = (ms: number): number => ms * (1 - jitter + 2 * jitter * random());
  const sources = schedule.sources.map((pace, index) => {
    if (index !== turn) return pace;
    const asked = paceAfter(pace, outcome, pollIntervalMs);
    return { ...asked, dueMs: varied(waitOf(asked)) };
  });
  const soonestMs = varied(pollIntervalMs);
  const candidates = sources
    .map(({ dueMs }, index) => ({ index, waitMs: Math.max(dueMs, soonestMs) }))
    .filter(({ index }) => index === 0 || standsIn(sources, index));
  // The source that may be asked first. On a tie the earlier one; but after a throttled or failed round the question moves on.
  const isTurn = ({ index }: { readonly index: number }): number => Number(index === turn);
  const ordered =
    outcome === "answered" ? candidates : candidates.toSorted((a, b) => isTurn(a) - isTurn(b));
  const next = ordered.reduce((best, candidate) =>
    candidate.waitMs < best.waitMs ? candidate : best,
  );
  // A source that answered without a backlog is asked at its own varied interval, not at the longer of two draws.
  const own = sources[next.index];
  const waitMs = next.index === turn && own !== undefined ? own.dueMs : next.waitMs;
  return {
    schedule: {
      pollIntervalMs,
      turn: next.index,
      sources: sources.map((pace) => ({ ...pace, dueMs: pace.dueMs - waitMs })),
    },
    waitMs,
  };
}

function standsIn(sources: readonly SourcePace[], index: number): boolean {
  const first = sources[0];
  const other = sources[index];
  if (first === undefined || other === undefined) return false;
  return other.standsIn && (first.outcome !== "answered" || first.intervalMs > other.intervalMs);
}

/** The time until this source is asked again, jitter apart. */
const waitOf = ({ intervalMs, refusals }: SourcePace): number =>
  refusals === 0
    ? intervalMs
    : Math.max(intervalMs, Math.min(refusalMaxMs, intervalMs * decrease ** refusals));

function paceAfter(pace: SourcePace, outcome: RoundOutcome, pollIntervalMs: number): SourcePace {
  const { intervalMs } = pace;
  switch (outcome) {
    case "failed":
      return { ...pace, outcome, answers: 0, refusals: 0 };
    case "refused":
      return { ...pace, outcome, answers: 0, refusals: pace.refusals + 1 };
    case "throttled": {
      const first = pace.throttles === 0;
      const settled = pace.answers >= settledAnswers && intervalMs <= pollIntervalMs;
      const throttles = pace.throttles + 1;
      return {
        ...pace,
        outcome,
        answers: 0,
        throttles,
        refusals: 0,
        heldMs: first ? intervalMs : pace.heldMs,
        returns: (first ? settled : pace.returns) || throttles >= outageThrottles,
        intervalMs: Math.max(pollIntervalMs, Math.min(intervalMaxMs, intervalMs * decrease)),
      };
    }
    case "answered": {
      const rate = 1 / intervalMs + increasePerMs2 * intervalMs;
      const nextMs = pace.returns ? Math.max(pace.heldMs, intervalMs / 3) : 1 / rate;
      return {
        ...pace,
        outcome,
        answers: pace.answers + 1,
        throttles: 0,
        refusals: 0,
        returns: pace.returns && nextMs > pace.heldMs,
        intervalMs: Math.max(pollIntervalMs, nextMs),
      };
    }
  }
}
