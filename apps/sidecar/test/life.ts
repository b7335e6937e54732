// The life of one task on a simulated world, with the sidecar beside it, in this process.

import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { DescribeTasksCommand, ECSClient } from "@aws-sdk/client-ecs";
import {
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  createWorld,
  environmentOf,
  type FaultKind,
  fetchOf,
  realClock,
  requestHandlerOf,
  type SimulatedClock,
  type World as SimulatedWorld,
  simulatedClock,
  type Target,
  type TaskView,
  type WorldDescription,
} from "@nlb-sidecar/simulator";
import type { LogEvent } from "../src/log-event.ts";
import { sidecar } from "../src/sidecar.ts";
import type { World } from "../src/world.ts";

/** What is unlike the usual life: one awsvpc task behind one target group. */
export interface Setting {
  readonly description?: WorldDescription;
  /** The sidecar's environment, beside ECS's own variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Parts of the sidecar's world that are not the usual ones. */
  readonly world?: (life: Ground) => Partial<World>;
  /** Faults of the outside, from and to those seconds after the sidecar's start. */
  readonly faults?: readonly (FaultKind & {
    readonly action: string;
    readonly fromS?: number;
    readonly toS?: number;
  })[];
  /** What happens, by seconds after the sidecar's start. */
  readonly at?: Readonly<Record<number, (life: Life) => void>>;
  /** Told of each line before it is written; what it throws, the log throws. */
  readonly beforeLine?: (event: LogEvent) => void;
  /** From 0 to below 1; 0.5, no jitter at all, by default. */
  readonly random?: () => number;
  /** The life whose sidecar is started anew now, in the same world; both run from here on. */
  readonly restartOf?: Life;
  /** Whether the task starts together with the sidecar; otherwise it runs and is healthy since a minute. */
  readonly starts?: boolean;
}

/** What a life stands on before the sidecar starts. */
export interface Ground {
  readonly world: SimulatedWorld;
  readonly clock: SimulatedClock;
}

/** A line of the log, and the second that it was written at. */
export type Line<Name extends LogEvent["event"] = LogEvent["event"]> = Extract<
  LogEvent,
  { readonly event: Name }
> & { readonly atS: number };

/** A life as it goes on: what can be done to it, and what it shows. */
export interface Life extends Ground {
  /** Milliseconds on the clock at the sidecar's start. */
  readonly startMs: number;
  readonly lines: readonly Line[];
  linesOf<Name extends LogEvent["event"]>(event: Name): readonly Line<Name>[];
  /** `120 drain-began readings`: the lines of these events, each with its second and what tells it apart. */
  told(...events: LogEvent["event"][]): readonly string[];
  task(): TaskView;
  target(name?: string): Target;
  /** Seconds since the sidecar's start. */
  nowS(): number;
  /** The second of the exit; undefined while it runs. */
  endedS(): number | undefined;
  exitCode(): number | undefined;
  /** Sends the stop signal. */
  stop(name?: string): void;
  /** Lets time pass to that second; fails where the process is over by then. */
  lives(untilS: number): Promise<void>;
  /** Lets time pass to the exit, and gives its second; fails where it did not come by then. */
  ends(untilS?: number): Promise<number>;
  /** Calls since the start: those of AWS's APIs, or of one action. */
  calls(action?: string): readonly { readonly atS: number; readonly action: string }[];
}

/** Starts a life. The clock stands still until the test waits. */
export async function live(setting: Setting = {}): Promise<Life> {
  const { clock, world } = setting.restartOf ?? (await newGround(setting));
  const startMs = clock.now();
  const first = setting.starts ? world.startTask() : world.tasks()[0];
  if (first === undefined) throw new Error("There is no task");
  const lines: Line[] = [];
  const nowS = () => Math.round(clock.now() - startMs) / 1000;
  const stopped = new AbortController();
  let ended: { readonly atS: number; readonly exitCode: number } | undefined;

  const life: Life = {
    world,
    clock,
    startMs,
    lines,
    linesOf: <Name extends LogEvent["event"]>(event: Name) =>
      lines.filter((line): line is Line<Name> => line.event === event),
    told: (...events) =>
      lines.filter(({ event }) => events.includes(event)).map((line) => briefOf(line)),
    task: () => world.task(first.arn),
    target(name) {
      const arn = name === undefined ? undefined : world.targetGroupArns[name];
      const found = world
        .task(first.arn)
        .targets.find(({ targetGroupArn }) => arn === undefined || arn === targetGroupArn);
      if (found === undefined) throw new Error(`The task has no target in ${name}`);
      return found;
    },
    nowS,
    endedS: () => ended?.atS,
    exitCode: () => ended?.exitCode,
    stop: (name = "SIGTERM") => stopped.abort(name),
    async lives(untilS) {
      await clock.advance(startMs + untilS * 1000 - clock.now());
      if (ended !== undefined)
        throw new Error(`It ended at ${ended.atS} s:\n${lines.map(briefOf).join("\n")}`);
    },
    async ends(untilS = 100_000) {
      await clock.run(outcome, startMs + untilS * 1000);
      if (ended === undefined) throw new Error("It did not end");
      return ended.atS;
    },
    calls: (action) =>
      world.calls
        .filter((call) => call.atMs >= startMs)
        .filter((call) =>
          action === undefined
            ? /^(ecs|elasticloadbalancing|ec2):/.test(call.action)
            : call.action === action,
        )
        .map((call) => ({ atS: Math.round(call.atMs - startMs) / 1000, action: call.action })),
  };
  for (const { fromS, toS, ...fault } of setting.faults ?? [])
    world.fault({
      ...fault,
      ...(fromS !== undefined && { fromMs: startMs + fromS * 1000 }),
      ...(toS !== undefined && { toMs: startMs + toS * 1000 }),
    });
  for (const [second, act] of Object.entries(setting.at ?? {}))
    void clock.sleep(Number(second) * 1000, never).then(() => act(life));

  const outcome = sidecar(
    {
      env: {
        ...environmentOf(world, first.arn, "nlb-sidecar", "http://169.254.170.2"),
        ...setting.env,
      },
      clock,
      random: setting.random ?? (() => 0.5),
      fetch: fetchOf(world),
      post: async () => 200,
      log: {
        write: (event) => {
          setting.beforeLine?.(event);
          lines.push({ ...event, atS: nowS() });
        },
        limitTo: () => {},
      },
      aws: () => clientsOf(world),
      ...setting.world?.({ world, clock }),
    },
    stopped.signal,
  );
  void outcome.then(({ exitCode }) => {
    ended = { atS: nowS(), exitCode };
  });
  // The settings' file is looked for on the real disk, for which no simulated clock waits.
  while (lines.length === 0) await new Promise((resolve) => void setImmediate(resolve));
  return life;
}

// The clients load parts of themselves with their first calls, for which no simulated clock waits.
let loaded: Promise<unknown> | undefined;

async function load(): Promise<void> {
  const world = createWorld({ clock: realClock, random: seededRandom() });
  const config = configOf(world);
  await Promise.allSettled([
    new ECSClient(config).send(new DescribeTasksCommand({ tasks: ["none"] })),
    new ElasticLoadBalancingV2Client(config).send(
      new DescribeTargetHealthCommand({ TargetGroupArn: "none" }),
    ),
    new EC2Client(config).send(new DescribeInstancesCommand({})),
  ]);
}

async function newGround({ description, starts }: Setting): Promise<Ground> {
  loaded ??= load();
  await loaded;
  const clock = simulatedClock({ turns: 20 });
  const world = createWorld({
    clock,
    random: seededRandom(),
    epochMs: 0,
    ...(starts && { tasks: 0 }),
    ...description,
  });
  await clock.advance(60_000);
  return { clock, world };
}

const never = new AbortController().signal;

const configOf = (world: SimulatedWorld) => ({
  region: "eu-west-1",
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
  maxAttempts: 1,
  requestHandler: requestHandlerOf(world),
});

/** The real clients, without sockets; without retries, whose pauses are of the real clock. */
export function clientsOf(world: SimulatedWorld): ReturnType<World["aws"]> {
  const config = configOf(world);
  return {
    ecs: new ECSClient(config),
    elb: new ElasticLoadBalancingV2Client(config),
    ec2: new EC2Client(config),
  };
}

function briefOf(line: Line): string {
  const { atS, event } = line;
  const more = (() => {
    switch (event) {
      case "reading":
        return `${line.target.split("/")[1]} ${line.state}${line.reason === undefined ? "" : ` ${line.reason}`}`;
      case "task-status":
        return `${line.desiredStatus} ${line.lastStatus}`;
      case "drain-began":
        return line.cause;
      case "drained":
      case "would-exit":
        return line.because;
      case "draining":
        return `${line.waitsFor} ${line.openConnections ?? "-"}`;
      case "stopped":
      case "stop-held":
        return line.signal;
      case "fault":
        return `${line.source} ${line.code}`;
      case "recovered":
        return line.source;
      case "notice":
      case "gave-up":
        return line.code;
      case "defect":
        return line.message;
      case "targets":
        return `${line.targets.length} and ${line.pending.length} pending`;
      default:
        return "";
    }
  })();
  return `${atS} ${event}${more === "" ? "" : ` ${more}`}`;
}

/** Park and Miller's generator: 0 to below 1, the same in every run. */
export function seededRandom(seed = 1): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return (state - 1) / 2_147_483_646;
  };
}
