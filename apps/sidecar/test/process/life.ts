// A life of a task: a served world, and the real sidecar in a container of it.

import {
  type Call,
  createWorld,
  environmentOf,
  type Fault,
  realClock,
  serve,
  type Target,
  type TaskView,
  type World,
  type WorldDescription,
} from "@nlb-sidecar/simulator";
import { type SidecarProcess, type Start, startSidecar, until } from "./sidecar-process.ts";

/** What a life begins with. */
export interface Beginning extends Omit<Start, "env"> {
  readonly description?: WorldDescription;
  /** Over what ECS gives the container. */
  readonly env?: Readonly<Record<string, string>>;
  /** Over the short settings. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly faults?: readonly Fault[];
  /** Acts on the world before the sidecar starts. */
  readonly before?: (world: World, task: TaskView) => void;
}

/** A life that goes on. */
export interface Life extends AsyncDisposable {
  readonly world: World;
  readonly origin: string;
  /** The task as it was at the beginning. */
  readonly task: TaskView;
  /** Its first target. */
  readonly target: Target;
  readonly sidecar: SidecarProcess;
  /** The calls of an action so far, or of all actions. */
  calls(action?: string): readonly Call[];
  /** Waits until an action was called so many times, or so many times more than now. */
  called(action: string, times?: number): Promise<void>;
  calledAgain(action: string, times?: number): Promise<void>;
  /** Waits until the watch has seen the target healthy. */
  healthy(): Promise<void>;
  /** ECS stops the task as in a deployment; gives when its first target began to drain, on the wall clock. */
  drain(): number;
}

/** The pace of these lives, by public settings: the deregistration wait and the poll interval, in milliseconds. */
export const pace = { waitMs: 2_000, intervalMs: 1_000 } as const;

/** The time-out of a test: no assertion, only an end. */
export const testMs = 60_000;

/** The wall clock's time of a log line, since 1970. */
export const wallMsOf = ({ time }: { readonly time: string }): number => Date.parse(time);

/** What `DescribeTargetHealth` is called in the record of calls. */
export const describeTargetHealth = "elasticloadbalancing:DescribeTargetHealth";

/** Begins a life: one task behind one target group, by default. */
export async function beginLife(beginning: Beginning = {}): Promise<Life> {
  const { description, env, settings, faults = [], before, ...start } = beginning;
  const world = createWorld({ clock: realClock, random: Math.random, ...description });
  const server = await serve(world);
  for (const fault of faults) world.fault(fault);
  const [task] = world.tasks();
  const [target] = task?.targets ?? [];
  if (task === undefined || target === undefined) throw new Error("this world has no target");
  before?.(world, task);
  const sidecar = startSidecar({
    ...start,
    env: {
      HOME: "/",
      ...environmentOf(world, task.arn, "nlb-sidecar", server.origin),
      DEREGISTRATION_WAIT: `${pace.waitMs / 1000}`,
      POLLING_FREQUENCY: `${pace.intervalMs / 1000}`,
      ...settings,
      ...env,
    },
  });

  const calls = (action?: string): readonly Call[] =>
    world.calls.filter((call) => action === undefined || call.action === action);
  const called = async (action: string, times = 1): Promise<void> => {
    const enough = () => calls(action).length >= times;
    const seen = () =>
      `${world.calls.map((call) => call.action).join(" ")}\n${sidecar.output()}${sidecar.running() ? "" : "it has ended"}`;
    await until(
      `${times} calls of ${action}`,
      () => enough() || (start.stdout === undefined && !sidecar.running()),
      seen,
    );
    if (!enough()) throw new Error(`it ended before ${times} calls of ${action}:\n${seen()}`);
  };
  return {
    world,
    origin: server.origin,
    task,
    target,
    sidecar,
    calls,
    called,
    calledAgain: (action, times = 1) => called(action, calls(action).length + times),
    healthy: async () => void (await sidecar.line("reading", ({ state }) => state === "healthy")),
    drain() {
      world.stopTask(task.arn, "service");
      const began = world
        .events()
        .find((event) => event.kind === "target" && event.health.state === "draining");
      if (began === undefined) throw new Error("no target drains");
      return world.wallMs(began.atMs);
    },
    async [Symbol.asyncDispose]() {
      await sidecar[Symbol.asyncDispose]();
      await server.close();
    },
  };
}
