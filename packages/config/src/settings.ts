// The settings: everything a user can choose, as the rest of the program takes it.

/** The settings in effect. Durations are whole milliseconds. */
export interface Settings {
  /** The floor of a drain: how long the load balancer may still send new connections. 0 to 3,600,000. */
  readonly deregistrationWaitMs: number;
  /** The time between two rounds of readings. 1,000 to 300,000. */
  readonly pollIntervalMs: number;
  /** The one container whose load balancer entries are watched; undefined watches every entry. */
  readonly targetContainer: string | undefined;
  /** `observe` logs what `act` would do, and exits on a stop signal alone. */
  readonly mode: "act" | "observe";
  /** Whether a drain begins when all targets have left, or any. */
  readonly drainWhen: "all" | "any";
  /** Whether ECS's word begins a drain where Elastic Load Balancing gives no answer. */
  readonly taskSignal: boolean;
  /** The ceiling of a drain while connections are open. `deregistrationWaitMs` to 3,600,000. */
  readonly drainTimeoutMs: number;
  /** How long a stop signal is held off; 0 exits at once. 0 to 118,000. */
  readonly stopHoldMs: number;
  /** Whether a stop signal that is held off deregisters the targets first. */
  readonly deregisterOnStop: boolean;
  /** What a fault that will not pass does before the watch begins. */
  readonly faultPolicy: "stay" | "exit";
  /** The port of the status server on 127.0.0.1, 1 to 65535; undefined is off. */
  readonly statusPort: number | undefined;
  /** POSTed once when a drain begins: an http or https URL. */
  readonly onDrainUrl: string | undefined;
  /** POSTed once when a drain is called off: an http or https URL. */
  readonly onReturnUrl: string | undefined;
  /** The least important level that is logged. */
  readonly logLevel: "debug" | "info" | "warn" | "error";
}
