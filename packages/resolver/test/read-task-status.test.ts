// What ECS wants of the task: this answer gives this status; this answer gives this error.

import { describe, expect, test } from "bun:test";
import { readTaskStatus } from "../src/index.ts";
import { awsOf, type WireAnswer } from "./aws.ts";
import { faultOf } from "./fault.ts";
import { describeTasks, missing } from "./fixtures/ecs.ts";
import { awsvpc } from "./fixtures/metadata-ec2.ts";
import { taskOf } from "./metadata.ts";

const { signal } = new AbortController();
const task = await taskOf(awsvpc);

const readWith = (answer: WireAnswer) => {
  const { clients, calls } = awsOf({ "ecs:DescribeTasks": answer });
  return { status: readTaskStatus(clients.ecs, task, signal), calls };
};

test("one call, about this task", async () => {
  const { status, calls } = readWith(describeTasks(task.arn));
  await status;
  expect(calls).toEqual([
    { action: "ecs:DescribeTasks", input: { cluster: "default", tasks: [task.arn] } },
  ]);
});

describe("the status", () => {
  const rows: readonly (readonly [string, string, string | undefined])[] = [
    ["RUNNING", "RUNNING", undefined],
    ["STOPPED", "DEACTIVATING", "ServiceSchedulerInitiated"],
    ["STOPPED", "STOPPING", "UserInitiated"],
    ["STOPPED", "STOPPED", "EssentialContainerExited"],
    ["A_NEW_ONE", "ANOTHER", undefined],
  ];
  test.each(rows)(
    "desired %s, last %s, stop code %p",
    async (desiredStatus, lastStatus, stopCode) => {
      const fields = { desiredStatus, lastStatus, stopCode };
      expect(await readWith(describeTasks(task.arn, fields)).status).toEqual({
        taskArn: task.arn,
        ...fields,
      });
    },
  );
});

describe("no status", () => {
  const rows: readonly (readonly [
    string,
    WireAnswer,
    { readonly code: string; readonly transient: boolean },
  ])[] = [
    ["MISSING", missing("tasks", task.arn), { code: "task-missing", transient: true }],
    ["nothing", {}, { code: "task-missing", transient: true }],
    [
      "another task",
      describeTasks("arn:aws:ecs:us-west-2:111122223333:task/default/other"),
      { code: "task-missing", transient: true },
    ],
    [
      "a task without a desired status",
      describeTasks(task.arn, { desiredStatus: undefined }),
      { code: "no-answer", transient: true },
    ],
    [
      "a task without a last status",
      describeTasks(task.arn, { lastStatus: undefined }),
      { code: "no-answer", transient: true },
    ],
    [
      "denied",
      { status: 400, body: { __type: "AccessDeniedException", message: "no" } },
      { code: "denied", transient: false },
    ],
    [
      "throttled",
      { status: 400, body: { __type: "ThrottlingException", message: "Rate exceeded" } },
      { code: "throttled", transient: true },
    ],
  ];
  test.each(rows)("%s", async (_, answer, expected) => {
    expect(await faultOf(readWith(answer).status)).toMatchObject(expected);
  });
});
