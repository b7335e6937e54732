// Tells of faults loudly, but not more often than once a minute for the same one, and of their end.

import type { Clock } from "@nlb-sidecar/health";
import type { Log } from "./log.ts";
import type { LogEvent } from "./log-event.ts";

/** Remembers what each source failed with. */
export interface FaultLog {
  /** The source failed with `error`. */
  failed(source: string, error: unknown): void;
  /** The source answered: whatever was told of it is over. */
  answered(source: string): void;
}

const repeatMs = 60_000;

// What a person has to change, and nothing else will: said once.
const lasting: ReadonlySet<string> = new Set([
  "network-mode-none",
  "no-target-groups",
  "not-in-a-service",
  "not-on-ecs",
]);

interface Blindness {
  readonly sinceMs: number;
  readonly times: number;
  /** Whether a line told of it: only then a line tells of its end. */
  readonly told: boolean;
}

/** The parts of our own errors, where `error` is one; a plain description otherwise. */
export function faultOf(error: unknown): {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
  readonly transient: boolean;
} {
  const { code, message, fix, transient } = (
    typeof error === "object" && error !== null ? error : {}
  ) as Record<string, unknown>;
  return {
    code: typeof code === "string" ? code : "unexpected",
    message: typeof message === "string" ? message : String(error),
    fix: typeof fix === "string" ? fix : "Nothing to change if it passes; otherwise report it.",
    transient: transient !== false,
  };
}

/** The event for a fault of this program, the `times`th: whatever was thrown, with its stack. */
export const defectOf = (error: unknown, times: number): LogEvent => ({
  event: "defect",
  message: faultOf(error).message,
  stack: error instanceof Error ? error.stack : undefined,
  times,
});

/** A fault log on `log`. */
export function openFaultLog(clock: Clock, log: Log): FaultLog {
  const blind = new Map<string, Blindness>();
  // When a line told of each code of each source last: a source that fails and answers by turns is no louder than one that fails.
  const toldMs = new Map<string, number>();
  return {
    failed(source, error) {
      const nowMs = clock.now();
      const fault = faultOf(error);
      const { sinceMs, times, told } = blind.get(source) ?? {
        sinceMs: nowMs,
        times: 0,
        told: false,
      };
      const key = `${source} ${fault.code}`;
      const lastMs = toldMs.get(key);
      const due = lastMs === undefined || (!lasting.has(fault.code) && nowMs - lastMs >= repeatMs);
      blind.set(source, { sinceMs, times: times + 1, told: told || due });
      if (!due) return;
      toldMs.set(key, nowMs);
      log.write({
        event: "fault",
        source,
        ...fault,
        blindMs: Math.round(nowMs - sinceMs),
        times: times + 1,
      });
    },
    answered(source) {
      const before = blind.get(source);
      if (before === undefined) return;
      blind.delete(source);
      if (!before.told) return;
      const blindMs = Math.round(clock.now() - before.sinceMs);
      log.write({ event: "recovered", source, blindMs, times: before.times });
    },
  };
}
