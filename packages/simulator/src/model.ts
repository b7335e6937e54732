// What stands behind a world, for the endpoints that answer out of it and for nobody else.

import type { ApiThrottle } from "./api-throttle.ts";
import type { Call } from "./call.ts";
import type { Fault } from "./fault.ts";
import type { LoadBalancer } from "./load-balancer.ts";
import type { ResolvedDescription } from "./resolved-description.ts";
import type { Scheduler } from "./scheduler.ts";
import type { World } from "./world.ts";

/** A world's inside. */
export interface Model {
  readonly description: ResolvedDescription;
  readonly scheduler: Scheduler;
  readonly loadBalancer: LoadBalancer;
  /** The moment that was last settled. */
  readonly nowMs: () => number;
  /** Lets due changes happen. */
  readonly settle: () => void;
  /** Changes something now, and lets follow what follows from it. */
  readonly act: <Result>(change: () => Result) => Result;
  /** The fault that a call meets now, which is thereby counted. */
  readonly strike: (action: string, taskArn: string | undefined) => Fault | undefined;
  readonly throttle: ApiThrottle;
  /** Whether the metadata endpoint's rate limit lets a request for `path` through. */
  readonly admitsMetadata: (path: string) => boolean;
  /** So many random hex digits. */
  readonly hex: (length: number) => string;
  readonly record: (call: Call) => void;
}

const models = new WeakMap<World, Model>();

/** Remembers what stands behind a world. */
export function keepModel(world: World, model: Model): void {
  models.set(world, model);
}

/**
 * What stands behind a world.
 *
 * @throws TypeError for an object that `createWorld` did not make.
 */
export function modelOf(world: World): Model {
  const model = models.get(world);
  if (model === undefined) throw new TypeError("A world is made by createWorld");
  return model;
}
