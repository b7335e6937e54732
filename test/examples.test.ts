// The examples and the README's task definition say the same, and are what AWS and the sidecar accept in form.

import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadSettings } from "../packages/config/src/index.ts";

const root = join(import.meta.dir, "..");
const textOf = (path: string): string => readFileSync(join(root, path), "utf8");
const names = readdirSync(join(root, "examples"));

interface TaskDefinition {
  readonly taskRoleArn: string;
  readonly containerDefinitions: readonly (Record<string, unknown> & {
    readonly name: string;
    readonly restartPolicy?: { readonly ignoredExitCodes: readonly number[] };
    readonly logConfiguration?: { readonly options: { readonly mode: string } };
    readonly environment?: readonly { readonly name: string; readonly value: string }[];
  })[];
}

const definitions = names.filter((name) => name.endsWith(".task-definition.json"));

test.each(definitions)("%s shows the best set-up known", async (name) => {
  const definition = JSON.parse(textOf(`examples/${name}`)) as TaskDefinition;
  const sidecar = definition.containerDefinitions.find((each) => each.name === "nlb-sidecar");
  expect(definition.taskRoleArn).toStartWith("arn:aws:iam:");
  expect(sidecar).toMatchObject({
    essential: true,
    restartPolicy: { enabled: true, ignoredExitCodes: [0], restartAttemptPeriod: 60 },
    logConfiguration: { options: { mode: "non-blocking" } },
  });
  expect(sidecar?.memory).toBeUndefined();
  const environment = Object.fromEntries(
    (sidecar?.environment ?? []).map((each) => [each.name, each.value]),
  );
  await expect(loadSettings(environment, [])).resolves.toBeDefined();
});

test("the README shows the sidecar's container of the Fargate example, word for word", () => {
  const [shown] =
    /```json\n(\{\n {2}"name": "nlb-sidecar"[\s\S]*?)\n```/.exec(textOf("README.md"))?.slice(1) ??
    [];
  const definition = JSON.parse(
    textOf("examples/fargate-awsvpc.task-definition.json"),
  ) as TaskDefinition;
  expect(JSON.parse(shown ?? "null")).toEqual(
    definition.containerDefinitions.find((each) => each.name === "nlb-sidecar"),
  );
});

test("the example file holds settings that the sidecar accepts", async () => {
  const { settings } = await loadSettings({
    NLB_SIDECAR_CONFIG: join(root, "examples/config.yaml"),
  });
  expect(settings).toMatchObject({ deregistrationWaitMs: 120_000, drainTimeoutMs: 280_000 });
});

test.each(names.filter((name) => name.startsWith("task-role.") && !name.includes("deregister")))(
  "%s allows reading alone, and by resource where the action knows one",
  (name) => {
    const { Statement: statements } = JSON.parse(textOf(`examples/${name}`)) as {
      Statement: { Effect: string; Action: string | string[]; Resource: string }[];
    };
    for (const { Action: actions, Resource: resource } of statements)
      for (const action of [actions].flat()) {
        expect(action).toMatch(/^(ecs|elasticloadbalancing):Describe[A-Za-z]+$/);
        expect(resource === "*").toBe(action.startsWith("elasticloadbalancing:"));
      }
  },
);

test("only the policy for deregistering on stop allows a change, and of named target groups alone", () => {
  const { Statement: statements } = JSON.parse(
    textOf("examples/task-role.deregister-on-stop.json"),
  );
  expect(statements).toEqual([
    {
      Effect: "Allow",
      Action: "elasticloadbalancing:DeregisterTargets",
      Resource: expect.stringMatching(/:targetgroup\/[a-z]+\/\*$/),
    },
  ]);
});

test("every setting of the JSON Schema stands in the README's table, and every variable in the help", () => {
  const schema = JSON.parse(textOf("packages/config/schema.json")) as {
    properties: Record<string, unknown>;
  };
  const readme = textOf("README.md");
  const help = textOf("apps/sidecar/src/command-line.ts");
  for (const key of Object.keys(schema.properties).filter((each) => each !== "$schema"))
    expect(readme).toContain(`| \`${key}\` |`);
  for (const [, variable] of readme.matchAll(/^\| `([A-Z_]+)` \|/gm))
    expect(help).toContain(variable ?? "");
});

test("docs/operating.md has a row for each event that the log can tell, and no other", () => {
  const told = [
    ...textOf("apps/sidecar/src/log-event.ts").matchAll(/readonly event: "([a-z-]+)"/g),
  ].map(([, name]) => name);
  const [section] = textOf("docs/operating.md").split("## Exit codes");
  const rows = [...(section ?? "").matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  expect(rows.sort()).toEqual(told.sort());
});
