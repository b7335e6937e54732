// Every event that the log can tell, as one union. docs/operating.md says what to do about each.

import type { TargetHealth } from "@nlb-sidecar/health";
import type { DrainCause } from "./drain.ts";

/** How important a line is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** One line of the log, the time and the level apart. Targets are labels: `targetgroup/web/1a2b 10.0.0.1:80`. */
export type LogEvent =
  /** The process began, with these settings in effect. */
  | {
      readonly event: "started";
      readonly version: string;
      readonly settings: Readonly<Record<string, unknown>>;
      readonly file: string | undefined;
    }
  /** The settings cannot be used: exit 78. */
  | {
      readonly event: "faulty-settings";
      readonly faults: readonly { readonly source: string; readonly message: string }[];
      readonly fix: string;
    }
  /** The task metadata endpoint said which task this is. */
  | {
      readonly event: "task";
      readonly task: string;
      readonly cluster: string;
      readonly region: string;
      readonly networkMode: string;
    }
  /** The targets that are watched. `pending` says what some entries still wait for. */
  | {
      readonly event: "targets";
      readonly targets: readonly string[];
      readonly pending: readonly string[];
    }
  /** Something that a person should read, and that keeps nothing from working. */
  | {
      readonly event: "notice";
      readonly code: string;
      readonly message: string;
      readonly fix: string;
    }
  /** A target's reading is another than before. */
  | {
      readonly event: "reading";
      readonly target: string;
      readonly state: TargetHealth["state"];
      readonly reason: string | undefined;
      readonly was: string | undefined;
    }
  /** ECS's word on the task is another than before. */
  | {
      readonly event: "task-status";
      readonly desiredStatus: string;
      readonly lastStatus: string;
      readonly was: string | undefined;
    }
  /** A target is gone that ECS still wants: nothing ends for it. */
  | { readonly event: "target-gone"; readonly target: string; readonly message: string }
  /** The drain began. */
  | {
      readonly event: "drain-began";
      readonly cause: DrainCause;
      readonly targets: readonly {
        readonly target: string;
        readonly state: string;
        readonly reason: string | undefined;
      }[];
      readonly deregistrationWaitMs: number;
      readonly drainTimeoutMs: number;
    }
  /** The drain goes on. */
  | {
      readonly event: "draining";
      readonly waitsFor: string;
      readonly elapsedMs: number;
      readonly remainingMs: number;
      readonly openConnections: number | undefined;
    }
  /** A target serves again: the drain is called off. */
  | { readonly event: "drain-called-off"; readonly elapsedMs: number }
  /** The drain is over: exit 0. */
  | {
      readonly event: "drained";
      readonly because: string;
      readonly elapsedMs: number;
      readonly openConnections: number | undefined;
    }
  /** In observe mode: the process would exit now. */
  | {
      readonly event: "would-exit";
      readonly because: string;
      readonly elapsedMs: number;
      readonly openConnections: number | undefined;
    }
  /** A stop signal is held off. */
  | { readonly event: "stop-held"; readonly signal: string; readonly stopHoldMs: number }
  /** The targets were deregistered, as a stop signal is held off. */
  | { readonly event: "deregistered"; readonly targets: readonly string[] }
  /** A stop signal ended the process: exit 0. */
  | { readonly event: "stopped"; readonly signal: string; readonly elapsedMs: number | undefined }
  /** Something outside failed. `blindMs`: how long no answer has come from there. */
  | {
      readonly event: "fault";
      readonly source: string;
      readonly code: string;
      readonly message: string;
      readonly fix: string;
      readonly transient: boolean;
      readonly blindMs: number;
      readonly times: number;
    }
  /** What failed answers again. */
  | {
      readonly event: "recovered";
      readonly source: string;
      readonly blindMs: number;
      readonly times: number;
    }
  /** The fault policy ended the process: exit 1. */
  | { readonly event: "gave-up"; readonly code: string; readonly fix: string }
  /** The application was told of the drain, or of its end. */
  | { readonly event: "notified"; readonly of: string; readonly status: number }
  /** The status server listens. */
  | { readonly event: "status-listening"; readonly address: string }
  /** A fault of this program. The watch goes on. */
  | {
      readonly event: "defect";
      readonly message: string;
      readonly stack: string | undefined;
      readonly times: number;
    }
  /** So many lines could not be written before this one. */
  | { readonly event: "lines-lost"; readonly lines: number };

/** The level of an event. */
export function levelOf(event: LogEvent): LogLevel {
  switch (event.event) {
    case "defect":
    case "faulty-settings":
    case "gave-up":
      return "error";
    case "fault":
      return event.transient ? "warn" : "error";
    case "notice":
    case "target-gone":
    case "lines-lost":
      return "warn";
    default:
      return "info";
  }
}
