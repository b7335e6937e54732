// Asks for the health of the task's targets, of all target groups at once, and completes the targets that are pending.

import {
  readTargetHealth,
  type Source,
  sameTarget,
  type Target,
  type TargetHealth,
  type TargetHealthClient,
  TargetHealthError,
} from "@nlb-sidecar/health";

/** A source of readings that can also say which targets it asks about. */
export interface TargetSource extends Source<TargetHealth> {
  targets(): readonly Target[];
}

/**
 * Asks once for each target group, with all of its targets.
 *
 * @param known the targets to begin with.
 * @param complete asked beside each round for those that were not known yet, until it says undefined: there are no more to come.
 *   What it ever gave is kept, and asked about from the next round on.
 */
export function targetSource(
  client: TargetHealthClient,
  known: readonly Target[],
  complete: (signal: AbortSignal) => Promise<readonly Target[] | undefined>,
): TargetSource {
  let targets = known;
  let completed = false;
  return {
    name: "target-health",
    targets: () => targets,
    async ask(signal) {
      // Beside each other: what is pending must not delay what is known.
      const [more, readings] = await Promise.allSettled([
        completed ? undefined : complete(signal),
        readEach(client, targets, signal),
      ]);
      if (more.status === "rejected") throw more.reason;
      completed = more.value === undefined;
      const added = (more.value ?? []).filter(
        (each) => !targets.some((one) => sameTarget(one, each)),
      );
      if (added.length > 0) targets = [...targets, ...added];
      if (readings.status === "rejected") throw readings.reason;
      return readings.value;
    },
  };
}

async function readEach(
  client: TargetHealthClient,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<readonly TargetHealth[]> {
  const groups = Map.groupBy(targets, ({ targetGroupArn }) => targetGroupArn);
  const answers = await Promise.allSettled(
    [...groups.values()].map((group) => readTargetHealth(client, group, signal)),
  );
  const readings = answers.flatMap((each) =>
    each.status === "fulfilled" ? each.value : readingsOf(each.reason),
  );
  const errors = answers.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
  if (errors.length === 0) return readings;
  // Throttling decides the pace, whatever else failed beside it.
  const error =
    errors.find((each) => each instanceof TargetHealthError && each.code === "throttled") ??
    errors[0];
  if (!(error instanceof TargetHealthError)) throw error;
  const { code, transient, message, fix } = error;
  throw new TargetHealthError(code, transient, message, fix, { cause: error, readings });
}

// What was answered all the same.
const readingsOf = (error: unknown): readonly TargetHealth[] =>
  error instanceof TargetHealthError ? error.readings : [];
