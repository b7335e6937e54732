// The environment variables that ECS gives a container, pointed at a served world.

import type { World } from "./world.ts";

/**
 * The environment of one container of a task. The credentials' address is given in full, which the AWS clients accept for a loopback address.
 *
 * @param origin a served world's, such as `http://127.0.0.1:43210`.
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-environment-variables.html
 */
export function environmentOf(
  _world: World,
  _taskArn: string,
  _container: string,
  _origin: string,
): { readonly [name: string]: string } {
  throw new Error("not built yet");
}
