// A task as ECS lays it out in awsvpc mode: a pause container that owns the network, and beside it an application, AWS and a sidecar.

import { connect, type Socket } from "node:net";
import { docker, dockerSays } from "../engine.ts";

/** One JSON object of the sidecar's log. */
export interface Line {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** A container of a test. */
export interface Container {
  readonly id: string;
  /** What it has logged so far. */
  lines(): Promise<readonly Line[]>;
  /** Resolves with the first line for which `holds`; rejects with its whole log when the container has ended without one. */
  line(holds: (line: Line) => boolean): Promise<Line>;
  /** Resolves with its exit code when it has ended. */
  exit(): Promise<number>;
}

/** A task that runs, but for its sidecar. */
export interface Task extends AsyncDisposable {
  /** Starts the sidecar's container in the task's network. */
  sidecar(image: string, options: readonly string[]): Promise<Container>;
  /** Fills the task's network namespace with some 101,000 sockets; resolves when they are there. */
  crowd(): Promise<void>;
  /** Opens a connection to the application, from outside of the task. */
  connect(): Promise<Socket>;
  /** A route of the simulated AWS: `POST /_world/stop-task`. */
  ask(route: string, input?: object): Promise<unknown>;
  /** ECS's stop signal for the application; its exit code. */
  stopApplication(): Promise<string>;
}

const sleepMs = 100;

const linesOf = (log: string): readonly Line[] =>
  log
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));

/** Starts a container in the background. */
export async function start(options: readonly string[], image: string): Promise<Container> {
  const id = await dockerSays("run", "--detach", ...options, image);
  const log = async (): Promise<string> => {
    const { stdout, stderr } = await docker("logs", id);
    return `${stdout}\n${stderr}`;
  };
  const lines = async (): Promise<readonly Line[]> => linesOf(await log());
  return {
    id,
    lines,
    async line(holds) {
      for (;;) {
        const state = await dockerSays("inspect", "--format", "{{.State.Running}}", id);
        const found = (await lines()).find(holds);
        if (found !== undefined) return found;
        if (state !== "true") throw new Error(`${image} ended without that line:\n${await log()}`);
        await Bun.sleep(sleepMs);
      }
    },
    exit: async () => Number(await dockerSays("wait", id)),
  };
}

/** Ends and removes a container. */
export const remove = async (id: string): Promise<void> => {
  await docker("rm", "--force", "--volumes", id);
};

/**
 * Starts a task.
 *
 * @param stage the image of the pause container, the application and AWS.
 * @param network where the name `aws.test` is the task's own address, by the engine's DNS.
 */
export async function startTask(stage: string, network: string): Promise<Task> {
  const ids: string[] = [];
  const beside = async (options: readonly string[], ...words: readonly string[]) => {
    const id = await dockerSays("run", "--detach", ...options, stage, ...words);
    ids.unshift(id);
    return id;
  };
  const pause = await beside([
    ...["--network", network, "--network-alias", "aws.test"],
    ...["--publish", "127.0.0.1::8000", "--publish", "127.0.0.1::8080"],
  ]);
  const namespace = ["--network", `container:${pause}`];
  const application = await beside(namespace, "application");
  await beside(namespace, "aws");
  const aws = await dockerSays("port", pause, "8000/tcp");
  const [host = "", port = ""] = (await dockerSays("port", pause, "8080/tcp")).split(":");
  const ask: Task["ask"] = async (route, input = {}) => {
    const [method = "", path] = route.split(" ");
    const answer = await fetch(`http://${aws}${path}`, {
      method,
      // The environment of a container names the address that the request was for.
      headers: { host: "127.0.0.1:8000" },
      ...(method === "POST" && { body: JSON.stringify(input) }),
    });
    if (!answer.ok) throw new Error(`${route}: ${await answer.text()}`);
    return answer.json();
  };
  await untilServed(() => ask("GET /_world"));
  return {
    ask,
    async sidecar(image, options) {
      const environment = (await ask("GET /_world/environment?container=nlb-sidecar")) as Record<
        string,
        string
      >;
      // The clients of AWS find it by its name; metadata and credentials are local.
      const variables = Object.entries({
        ...environment,
        AWS_ENDPOINT_URL: "http://aws.test:8000",
      });
      const container = await start(
        [
          ...namespace,
          ...["--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
          ...variables.flatMap(([name, value]) => ["--env", `${name}=${value}`]),
          ...options,
        ],
        image,
      );
      ids.unshift(container.id);
      return container;
    },
    async crowd() {
      const id = await beside(namespace, "crowd");
      while (linesOf(await dockerSays("logs", id)).length < 11) await Bun.sleep(sleepMs);
    },
    connect: () =>
      new Promise((resolve, reject) => {
        const socket = connect(Number(port), host, () => socket.write("hello\n"));
        socket.once("error", reject);
        socket.once("data", () => resolve(socket));
      }),
    async stopApplication() {
      await dockerSays("stop", "--time", "30", application);
      return dockerSays("inspect", "--format", "{{.State.ExitCode}}", application);
    },
    async [Symbol.asyncDispose]() {
      await docker("rm", "--force", "--volumes", ...ids);
    },
  };
}

async function untilServed(ask: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++)
    try {
      await ask();
      return;
    } catch (error) {
      if (tries === 100) throw error;
      await Bun.sleep(sleepMs);
    }
}
