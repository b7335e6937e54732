// The executable's bill of materials, as CycloneDX.

import { createHash } from "node:crypto";
import type { RuntimeComponent } from "./bun-components.ts";
import type { BundledPackage } from "./bundled-packages.ts";

/** A document in CycloneDX's JSON format. @see https://cyclonedx.org/docs/1.6/json/ */
export interface BillOfMaterials {
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly serialNumber: string;
  readonly version: 1;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** One thing of which the executable is made, or the executable itself. */
export interface Component {
  readonly type: "application" | "library" | "platform";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version?: string;
  readonly licenses?: readonly (
    | { readonly expression: string }
    | { readonly license: { readonly name: string; readonly url: string } }
  )[];
  readonly purl?: string;
  readonly externalReferences?: readonly {
    readonly type: "vcs" | "website";
    readonly url: string;
  }[];
}

/**
 * Lists what the executable of a version is made of. The same input gives the same document: it has no time stamp, and its serial
 * number comes from its content.
 */
export function billOfMaterials(
  version: string,
  packages: readonly BundledPackage[],
  runtime: readonly RuntimeComponent[],
): BillOfMaterials {
  const component: Component = {
    type: "application",
    "bom-ref": "nlb-sidecar",
    name: "nlb-sidecar",
    version,
    licenses: [{ expression: "MIT" }],
    purl: `pkg:github/nlb-sidecar/nlb-sidecar@${version}`,
  };
  const bundled = packages
    .filter(({ name }) => name !== "@nlb-sidecar/sidecar")
    .map(componentOfPackage);
  const platform = runtime.map(componentOfRuntime);
  const [bun, ...linked] = platform.map((each) => each["bom-ref"]);
  const content = {
    metadata: { component },
    components: [...bundled, ...platform],
    dependencies: [
      {
        ref: component["bom-ref"],
        dependsOn: [...bundled.map((each) => each["bom-ref"]), ...(bun === undefined ? [] : [bun])],
      },
      ...(bun === undefined ? [] : [{ ref: bun, dependsOn: linked }]),
    ],
  };
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: serialNumberOf(JSON.stringify(content)),
    version: 1,
    ...content,
  };
}

function componentOfPackage({ name, version, licence, repository }: BundledPackage): Component {
  // In a package URL the @ of a scope is encoded, and its slash is not.
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return {
    type: "library",
    "bom-ref": purl,
    name,
    version,
    licenses: [{ expression: licence }],
    purl,
    ...(repository !== undefined && { externalReferences: [{ type: "vcs", url: repository }] }),
  };
}

function componentOfRuntime({ name, version, licence, url }: RuntimeComponent): Component {
  const repository = /^https:\/\/github\.com\/([^/]+\/[^/]+)$/.exec(url)?.[1];
  const tag = name === "bun" ? `bun-v${version}` : version;
  return {
    type: name === "bun" ? "platform" : "library",
    "bom-ref": `runtime:${name}`,
    name,
    ...(version !== undefined && { version }),
    licenses:
      licence === undefined
        ? [{ license: { name: "several licences", url } }]
        : [{ expression: licence }],
    ...(repository !== undefined &&
      version !== undefined && { purl: `pkg:github/${repository.toLowerCase()}@${tag}` }),
    externalReferences: [{ type: repository === undefined ? "website" : "vcs", url }],
  };
}

// A UUID of version 8: of a form that is ours.
function serialNumberOf(content: string): string {
  const digits = createHash("sha256").update(content).digest("hex");
  const variant = ((Number.parseInt(digits.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `urn:uuid:${[
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join("-")}`;
}
