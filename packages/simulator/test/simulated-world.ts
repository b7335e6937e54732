// A world on a simulated clock, and short ways to say what happened in it.

import {
  createWorld,
  environmentOf,
  type SimulatedClock,
  simulatedClock,
  type Target,
  type TaskView,
  type World,
  type WorldDescription,
  type WorldEvent,
} from "../src/index.ts";
import { seededRandom } from "./seeded-random.ts";

/** A world at 0 on a clock whose time the test moves. */
export function simulatedWorld(
  description: WorldDescription = {},
  turns = 1,
): { readonly world: World; readonly clock: SimulatedClock } {
  const clock = simulatedClock({ turns });
  return {
    clock,
    world: createWorld({ clock, random: seededRandom(), epochMs: 0, ...description }),
  };
}

/** The oldest task. */
export function firstTask(world: World): TaskView {
  const [task] = world.tasks();
  if (task === undefined) throw new Error("There is no task");
  return task;
}

/** The oldest task's first target. */
export function firstTarget(world: World): Target {
  const [target] = firstTask(world).targets;
  if (target === undefined) throw new Error("There is no target");
  return target;
}

/** `draining Target.DeregistrationInProgress`, `healthy`, or `deleted`. */
export function healthOf(world: World, target: Target): string {
  const told = world.targetHealth(target.targetGroupArn, target.id, target.port);
  if (told === undefined) return "deleted";
  return told.reason === undefined ? told.state : `${told.state} ${told.reason}`;
}

/** What happened to one task and its containers after its start, a line each: `60 app SIGTERM`, with seconds. */
export function linesOf(world: World, taskArn: string): readonly string[] {
  const line = (event: WorldEvent): string | undefined => {
    const at = event.atMs / 1000;
    if (event.kind === "signal") return `${at} ${event.container} ${event.signal}`;
    if (event.kind === "task") return `${at} ${event.desiredStatus} ${event.lastStatus}`;
    if (event.kind === "container")
      return `${at} ${event.container} ${event.status}${event.exitCode === undefined ? "" : ` ${event.exitCode}`}`;
    return undefined;
  };
  return world
    .events()
    .filter((event) => "taskArn" in event && event.taskArn === taskArn && event.atMs > 0)
    .flatMap((event) => line(event) ?? []);
}

/** The metadata endpoint of the application of a task, the oldest one by default: `http://x/v4/<id>`. */
export const metadataUriOf = (
  world: World,
  origin = "http://x",
  taskArn = firstTask(world).arn,
): string => `${environmentOf(world, taskArn, "app", origin).ECS_CONTAINER_METADATA_URI_V4}`;
