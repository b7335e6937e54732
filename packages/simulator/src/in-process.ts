// The world without sockets: a request handler for AWS clients, and a fetch.

import { answer } from "./answer.ts";
import type { Clock } from "./clock.ts";
import type { WireAnswer, WireRequest } from "./wire.ts";
import type { World } from "./world.ts";

/** What an AWS client takes as its `requestHandler`. */
export interface InProcessRequestHandler {
  readonly metadata: { readonly handlerProtocol: string };
  /** The clients' own request and response classes, which this package does not install. */
  // biome-ignore lint/suspicious/noExplicitAny: see above
  handle(request: any, options?: any): Promise<{ response: any }>;
  destroy(): void;
  updateHttpClientConfig(key: never, value: never): void;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  httpHandlerConfigs(): any;
}

/** A `fetch`, as far as the metadata and credentials endpoints need one. */
export type InProcessFetch = (
  url: string | URL,
  init?: {
    readonly method?: string;
    readonly headers?: { readonly [name: string]: string };
    readonly body?: string;
    readonly signal?: AbortSignal | null;
  },
) => Promise<Response>;

const never = new AbortController().signal;

const connectionReset = (): Error =>
  Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", errno: -104 });

function abortionOf(signal: AbortSignal): Error {
  const { reason } = signal;
  // The clients know an abortion by its name.
  return reason instanceof Error
    ? reason
    : Object.assign(new Error("Request aborted"), { name: "AbortError" });
}

// Waits for the answer's head, on the world's clock; what `signal` aborts rejects.
async function deliverHead(
  clock: Clock,
  { delivery }: WireAnswer,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) throw abortionOf(signal);
  if (delivery.kind === "reset") throw connectionReset();
  if (delivery.kind === "late") await clock.sleep(delivery.ms, signal);
  if (delivery.kind === "hang")
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  if (signal.aborted) throw abortionOf(signal);
}

function bodyOf(
  clock: Clock,
  { body, delivery }: WireAnswer,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(body);
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  let part = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      part += 1;
      const give = (chunk: Uint8Array): void => {
        if (chunk.length > 0) controller.enqueue(chunk);
      };
      const { kind } = delivery;
      if (kind === "at-once" || kind === "late") {
        give(bytes);
        controller.close();
        return;
      }
      if (part === 1 && half.length > 0) return give(half);
      if (kind === "cut") return controller.error(connectionReset());
      if (kind === "slow") await clock.sleep(delivery.ms, signal);
      else
        await new Promise<void>((resolve) => {
          if (signal.aborted) return resolve();
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
      if (signal.aborted) return controller.error(abortionOf(signal));
      give(bytes.subarray(half.length));
      controller.close();
    },
  });
}

const lowerCased = (headers: { readonly [name: string]: string }): { [name: string]: string } =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/**
 * A request handler for the constructor of any AWS client: `new ECSClient({ region, credentials, requestHandler: requestHandlerOf(world) })`.
 * It waits on the world's clock, and knows no time-out of its own.
 */
export function requestHandlerOf(world: World): InProcessRequestHandler {
  return {
    metadata: { handlerProtocol: "http/1.1" },
    async handle(request, options) {
      const signal: AbortSignal = options?.abortSignal ?? never;
      const body: unknown = request.body;
      const asked: WireRequest = {
        method: request.method,
        path: request.path,
        headers: lowerCased(request.headers),
        body:
          body instanceof Uint8Array
            ? new TextDecoder().decode(body)
            : typeof body === "string"
              ? body
              : "",
      };
      if (signal.aborted) throw abortionOf(signal);
      const answered = answer(world, asked);
      await deliverHead(world.clock, answered, signal);
      return {
        response: {
          statusCode: answered.status,
          headers: { ...answered.headers },
          body: bodyOf(world.clock, answered, signal),
        },
      };
    },
    destroy() {},
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
  };
}

/**
 * A `fetch` for the metadata and credentials endpoints (and the control routes), whatever the host in the URL. It waits on the
 * world's clock; it rejects with the signal's reason where that is an Error, and with an `ECONNRESET` for a reset.
 */
export function fetchOf(world: World): InProcessFetch {
  return async (url, init = {}) => {
    const { pathname, search } = new URL(url);
    const signal = init.signal ?? never;
    if (signal.aborted) throw abortionOf(signal);
    const answered = answer(world, {
      method: init.method ?? "GET",
      path: `${pathname}${search}`,
      headers: lowerCased(init.headers ?? {}),
      body: init.body ?? "",
    });
    await deliverHead(world.clock, answered, signal);
    return new Response(bodyOf(world.clock, answered, signal), {
      status: answered.status,
      headers: answered.headers,
    });
  };
}
