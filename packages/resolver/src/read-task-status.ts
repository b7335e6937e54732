// Asks ECS once whether the task is to run or to stop.

import { readTaskRecord, type TaskClient } from "./read-task-record.ts";
import { noAnswerOf } from "./resolver-error.ts";
import type { Task } from "./task.ts";

/**
 * What ECS wants of the task and how far it is, at one moment. `desiredStatus` is `STOPPED` from the moment that ECS
 * decides to stop the task, which is before its targets are deregistered; `taskArn` tells it from a reading of a target.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
 */
export interface TaskStatus {
  readonly taskArn: string;
  /** `RUNNING` or `STOPPED`. */
  readonly desiredStatus: string;
  /** `PROVISIONING`, `PENDING`, `ACTIVATING`, `RUNNING`, `DEACTIVATING`, `STOPPING`, `DEPROVISIONING`, `STOPPED`. */
  readonly lastStatus: string;
  /** Why it is stopped, where ECS says: `ServiceSchedulerInitiated`, `UserInitiated`, `SpotInterruption`, ... */
  readonly stopCode: string | undefined;
}

/**
 * Asks once for the task's status.
 *
 * Needs `ecs:DescribeTasks` on the cluster's tasks.
 *
 * @throws {@link ResolverError} with a code of `CallFaultCode`, or `task-missing`.
 * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
 */
export async function readTaskStatus(
  client: TaskClient,
  task: Task,
  signal: AbortSignal,
): Promise<TaskStatus> {
  const { desiredStatus, lastStatus, stopCode } = await readTaskRecord(client, task, signal);
  if (desiredStatus === undefined || lastStatus === undefined)
    throw noAnswerOf("ecs:DescribeTasks", "desiredStatus or lastStatus");
  return { taskArn: task.arn, desiredStatus, lastStatus, stopCode };
}
