// Runs the containers of a world as processes: starts them, hands them ECS's signals, and tells the world of their ends.

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { World } from "@nlb-sidecar/simulator";

/** What to run for a container. */
export interface Program {
  readonly command: readonly [string, ...string[]];
  /** The whole of its environment. */
  readonly env: { readonly [name: string]: string };
}

/** The end of a container's process. */
export interface ContainerExit {
  readonly taskArn: string;
  readonly container: string;
  readonly atMs: number;
  /** As ECS tells it: 137 for SIGKILL, 143 for SIGTERM. */
  readonly exitCode: number;
  /** Whether it had been sent a signal before. */
  readonly signalled: boolean;
}

/** What running containers tell. */
export interface ContainerObserver {
  /** A line that one wrote, on stdout or stderr. */
  line(taskArn: string, container: string, line: string): void;
  exited(exit: ContainerExit): void;
}

/** Containers that are being run. */
export interface Containers {
  /** Ends all that still run with SIGKILL, by their ids; resolves when they have. */
  stop(): Promise<void>;
}

const signalNumbers = { SIGTERM: 15, SIGKILL: 9 } as const;

/**
 * Runs every container of `world` that runs already or begins to.
 *
 * @param children is kept as the set of processes that live, for whoever must end them without waiting.
 */
export function runContainers(
  world: World,
  children: Set<ChildProcess>,
  programOf: (taskArn: string, container: string) => Program,
  observer: ContainerObserver,
): Containers {
  const running = new Map<string, ChildProcess>();
  const signalled = new Set<ChildProcess>();
  const ends = new Set<Promise<void>>();

  const start = (taskArn: string, container: string): void => {
    const { command, env } = programOf(taskArn, container);
    const [file, ...args] = command;
    const child = spawn(file, args, { env: { ...env }, stdio: ["pipe", "pipe", "pipe"] });
    const key = `${taskArn} ${container}`;
    running.set(key, child);
    children.add(child);
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on("line", (line) =>
        observer.line(taskArn, container, line),
      );
    const end = new Promise<void>((resolve) => {
      const ended = (exitCode: number): void => {
        if (!children.delete(child)) return;
        if (running.get(key) === child) running.delete(key);
        observer.exited({
          taskArn,
          container,
          atMs: world.clock.now(),
          exitCode,
          signalled: signalled.has(child),
        });
        world.containerExited(taskArn, container, exitCode);
        resolve();
      };
      child.on("exit", (code, signal) =>
        ended(code ?? 128 + (signal === "SIGKILL" ? signalNumbers.SIGKILL : signalNumbers.SIGTERM)),
      );
      // 127 is what a shell says of a program that it cannot start.
      child.on("error", (error) => {
        observer.line(taskArn, container, error.message);
        if (child.pid === undefined) ended(127);
      });
    });
    ends.add(end);
    void end.finally(() => ends.delete(end));
  };

  const ignoreEvents = world.onEvent((event) => {
    if (event.kind === "container" && event.status === "RUNNING")
      start(event.taskArn, event.container);
    if (event.kind !== "signal") return;
    const child = running.get(`${event.taskArn} ${event.container}`);
    if (child === undefined) return;
    signalled.add(child);
    child.kill(event.signal);
  });
  for (const { arn, containers } of world.tasks())
    for (const { name, status } of containers) if (status === "RUNNING") start(arn, name);

  return {
    stop: async () => {
      ignoreEvents();
      for (const child of running.values()) child.kill("SIGKILL");
      await Promise.all(ends);
    },
  };
}
