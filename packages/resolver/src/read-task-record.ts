// Asks ECS once for what it knows of the task.

import {
  DescribeTasksCommand,
  type DescribeTasksCommandOutput,
  type Task as TaskRecord,
} from "@aws-sdk/client-ecs";
import { callErrorOf, ResolverError } from "./resolver-error.ts";
import { resourceOf } from "./resource.ts";
import type { Task } from "./task.ts";

/** The part of `ECSClient` that asking for a task needs. */
export interface TaskClient {
  send(
    command: DescribeTasksCommand,
    options?: { abortSignal?: AbortSignal },
  ): Promise<DescribeTasksCommandOutput>;
}

/** ECS's record of the task, as the SDK gives it. Not exported from the package. */
export async function readTaskRecord(
  client: TaskClient,
  task: Task,
  signal: AbortSignal,
): Promise<TaskRecord> {
  let answer: DescribeTasksCommandOutput;
  try {
    answer = await client.send(
      new DescribeTasksCommand({ cluster: task.cluster, tasks: [task.arn] }),
      { abortSignal: signal },
    );
  } catch (error) {
    throw callErrorOf(error, "ecs:DescribeTasks", resourceOf(task, "task", "*"));
  }
  const record = answer.tasks?.find(({ taskArn }) => taskArn === task.arn);
  if (record !== undefined) return record;
  // DescribeTasks is eventually consistent, and forgets a stopped task after an hour.
  // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
  const reason = answer.failures?.[0]?.reason;
  throw new ResolverError(
    "task-missing",
    true,
    `ecs:DescribeTasks does not know ${task.arn}${reason === undefined ? "" : `: ${reason}`}`,
    "Nothing to change if it passes: ECS may not have heard of a new task yet, and forgets a stopped one.",
  );
}
