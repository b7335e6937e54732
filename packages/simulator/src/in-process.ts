// The world without sockets: a request handler for AWS clients, and a fetch.

import type { World } from "./world.ts";

/** What an AWS client takes as its `requestHandler`; the parts of a request that are looked at. */
export interface InProcessRequestHandler {
  handle(
    request: {
      readonly method: string;
      readonly path: string;
      readonly query?: { readonly [name: string]: string | readonly string[] | null } | undefined;
      readonly headers: { readonly [name: string]: string };
      readonly body?: unknown;
    },
    options?: { readonly abortSignal?: unknown },
    // biome-ignore lint/suspicious/noExplicitAny: the clients' own HttpResponse class, which this package does not install
  ): Promise<{ response: any }>;
  destroy(): void;
  updateHttpClientConfig(key: never, value: never): void;
  // biome-ignore lint/suspicious/noExplicitAny: the clients' own configuration type
  httpHandlerConfigs(): any;
}

/** A request handler for the constructor of any AWS client: `new ECSClient({ requestHandler: requestHandlerOf(world), ... })`. Waits on the world's clock. */
export function requestHandlerOf(_world: World): InProcessRequestHandler {
  throw new Error("not built yet");
}

/** A `fetch` for the metadata and credentials endpoints, whatever the host in the URL. Waits on the world's clock; rejects with the signal's reason. */
export function fetchOf(_world: World): (
  url: string,
  init?: {
    readonly signal?: AbortSignal | null;
    readonly headers?: { readonly [name: string]: string };
  },
) => Promise<Response> {
  throw new Error("not built yet");
}
