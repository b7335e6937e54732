// Prints what the packages export at run time, as JSON by package.

import * as config from "@nlb-sidecar/config";
import * as health from "@nlb-sidecar/health";
import * as resolver from "@nlb-sidecar/resolver";
import * as simulator from "@nlb-sidecar/simulator";

const faces = { config, health, resolver, simulator };
const names = Object.entries(faces).map(([name, face]) => [name, Object.keys(face).sort()]);
console.log(JSON.stringify(Object.fromEntries(names)));
