// The version of the sidecar, as its package and its image have it.

import manifest from "../package.json" with { type: "json" };

/** Such as `1.2.3`. */
export const version: string = manifest.version;
