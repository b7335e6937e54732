// Stands in for `@smithy/node-http-handler` in the executable, where no client is left at its default handler.

// The real one loads node:http, node:https and node:net at start: 1.4 MiB, for nothing.
export { FetchHttpHandler as NodeHttpHandler, streamCollector } from "@smithy/fetch-http-handler";
