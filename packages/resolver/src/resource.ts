// Names a resource beside the task, as a policy would.

import type { Task } from "./task.ts";

/**
 * The ARN of a resource in the task's partition, region, account and cluster:
 * `arn:aws:ecs:eu-west-1:111122223333:service/web/api`.
 */
export function resourceOf(
  task: Task,
  type: "task" | "service" | "container-instance",
  name: string,
): string {
  const account = task.arn.slice(0, task.arn.indexOf(":task/"));
  return `${account}:${type}/${task.cluster.split("/").at(-1)}/${name}`;
}
