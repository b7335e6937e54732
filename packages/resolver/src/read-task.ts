// Asks the task metadata endpoint once which task this process is a part of.

import { parseTask } from "./parse-task.ts";
import { ResolverError } from "./resolver-error.ts";
import type { Task } from "./task.ts";

/** The part of `fetch` that reading metadata needs. It must not go through a proxy: the endpoint is link-local. */
export type Fetch = (url: string, init: { readonly signal: AbortSignal }) => Promise<Response>;

const excerptMax = 160;

/**
 * Asks once for this container and its task: two requests, at the same time. The network mode is taken from the container's
 * own answer, since the task's lists containers in random order, the agent's own among them.
 *
 * @param endpoint the value of `ECS_CONTAINER_METADATA_URI_V4`; slashes at its end are ignored.
 * @throws {@link ResolverError} `not-on-ecs`, `metadata-unavailable`, `metadata-unreadable` or `network-pending`.
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
 */
export async function readTask(
  fetch: Fetch,
  endpoint: string | undefined,
  signal: AbortSignal,
): Promise<Task> {
  // The endpoint's routes have no slash at their end, and two in a row are answered with a redirect.
  const url = (endpoint ?? "").trim().replace(/\/+$/, "");
  if (!/^https?:\/\/./.test(url) || !URL.canParse(url))
    throw new ResolverError(
      "not-on-ecs",
      false,
      url === ""
        ? "ECS_CONTAINER_METADATA_URI_V4 is not set: this is no container of an ECS task"
        : `ECS_CONTAINER_METADATA_URI_V4 is no http URL: ${excerptOf(url)}`,
      "Run it as a container of an ECS task, on Fargate platform version 1.4.0 or later, or container agent 1.39.0 or later.",
    );
  const [container, task] = await Promise.all([
    readJson(fetch, url, signal),
    readJson(fetch, `${url}/task`, signal),
  ]);
  return parseTask(container, task);
}

async function readJson(fetch: Fetch, url: string, signal: AbortSignal): Promise<unknown> {
  let status: number;
  let body: string;
  try {
    const response = await fetch(url, { signal });
    status = response.status;
    body = await response.text();
  } catch (error) {
    throw new ResolverError(
      "metadata-unavailable",
      true,
      `GET ${url} failed: ${error instanceof Error ? error.message : String(error)}`,
      "Check that the task metadata endpoint is reached directly: no proxy, no firewall rule for 169.254.170.2.",
      { cause: error },
    );
  }
  if (status !== 200)
    throw new ResolverError(
      "metadata-unavailable",
      // The agent answers 500 while the container's network settings are missing, and 429 above 40 requests a second.
      status >= 500 || status === 429 || status === 408,
      `GET ${url} answered ${status}: ${excerptOf(body)}`,
      status === 429
        ? "Find what else in this task asks the task metadata endpoint so often."
        : "Nothing to change if it passes; otherwise check what ECS_CONTAINER_METADATA_URI_V4 points to.",
    );
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new ResolverError(
      "metadata-unreadable",
      true,
      `GET ${url} answered 200 with ${body.length} characters that are no JSON: ${excerptOf(body)}`,
      "Nothing to change if it passes; otherwise check what ECS_CONTAINER_METADATA_URI_V4 points to.",
      { cause: error },
    );
  }
}

// One line, whatever came: it ends up in a log.
function excerptOf(text: string): string {
  const line = text.replace(/[\s\p{C}]+/gu, " ").trim();
  if (line === "") return "(nothing)";
  return line.length > excerptMax ? `${line.slice(0, excerptMax)}...` : line;
}
