// Stands in for `@smithy/node-http-handler` in the executable: the sidecar's clients are given the fetch handler, and the default one
// would load node:http, node:https and node:net at start for nothing, 1.4 MiB of them.

export { FetchHttpHandler as NodeHttpHandler, streamCollector } from "@smithy/fetch-http-handler";
