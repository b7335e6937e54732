// A task metadata endpoint in memory, and what it can answer.

import { type Fetch, readTask, type Task } from "../src/index.ts";

/** What the endpoint of one container answers, by path. */
export interface Metadata {
  readonly container: object;
  readonly task: Readonly<Record<string, unknown>>;
}

/** `${endpoint}` of every test. */
export const endpoint = "http://169.254.170.2/v4/05966557f16c49cb935224b3a0dcd0e1-2495160603";

/** Answers as the agent routes: the two documented paths, and a JSON string for any other. */
export const fetchOf =
  (metadata: Metadata, asked: string[] = []): Fetch =>
  async (url) => {
    asked.push(url);
    if (url === endpoint) return Response.json(metadata.container);
    if (url === `${endpoint}/task`) return Response.json(metadata.task);
    return Response.json("404 page not found", { status: 404 });
  };

/** The task that {@link readTask} makes of it. */
export const taskOf = (metadata: Metadata): Promise<Task> =>
  readTask(fetchOf(metadata), endpoint, new AbortController().signal);
