// The bill of materials: what it lists, and that it is the same for the same input.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { billOfMaterials } from "../bill-of-materials.ts";
import { bunComponents } from "../bun-components.ts";
import { readBundledPackages } from "../bundled-packages.ts";
import { licenceTexts } from "../licence-texts.ts";

const root = join(import.meta.dir, "..");
const versions = { bun: "1.4.5", webkit: "d6375c72", libarchive: "27cbc782" };
const packages = await readBundledPackages(root, [
  "src/main.ts",
  "node_modules/@aws-sdk/client-ecs/dist-es/ECSClient.js",
  "node_modules/@aws-sdk/client-ecs/dist-es/index.js",
]);

describe("the bill of materials", () => {
  test("names each bundled package once, with its version, licence and package URL", () => {
    const { components } = billOfMaterials("1.2.3", packages, []);
    expect(components).toEqual([
      {
        type: "library",
        "bom-ref": expect.stringMatching(/^pkg:npm\/%40aws-sdk\/client-ecs@3\.\d+\.\d+$/),
        name: "@aws-sdk/client-ecs",
        version: expect.stringMatching(/^3\./),
        licenses: [{ expression: "Apache-2.0" }],
        purl: expect.stringMatching(/^pkg:npm\/%40aws-sdk\/client-ecs@3\.\d+\.\d+$/),
        externalReferences: [{ type: "vcs", url: "https://github.com/aws/aws-sdk-js-v3" }],
      },
    ]);
  });

  test("names the runtime, and what it links", () => {
    const { components, dependencies } = billOfMaterials("1.2.3", [], bunComponents(versions));
    const of = (name: string) => components.find((each) => each.name === name);
    expect(of("bun")).toMatchObject({
      type: "platform",
      version: "1.4.5",
      licenses: [{ expression: "MIT" }],
      purl: "pkg:github/oven-sh/bun@bun-v1.4.5",
    });
    expect(of("JavaScriptCore")).toMatchObject({
      version: "d6375c72",
      licenses: [{ expression: "LGPL-2.0-or-later" }],
    });
    expect(of("libarchive")?.licenses).toEqual([
      { license: { name: "several licences", url: expect.stringContaining("COPYING") } },
    ]);
    expect(of("brotli")).not.toHaveProperty("version");
    expect(dependencies[0]).toEqual({ ref: "nlb-sidecar", dependsOn: ["runtime:bun"] });
    expect(dependencies[1]?.dependsOn).toContain("runtime:JavaScriptCore");
  });

  test("depends only on what it lists", () => {
    const { components, dependencies } = billOfMaterials(
      "1.2.3",
      packages,
      bunComponents(versions),
    );
    const listed = new Set(["nlb-sidecar", ...components.map((each) => each["bom-ref"])]);
    expect(listed.size).toBe(components.length + 1);
    for (const { ref, dependsOn } of dependencies)
      for (const each of [ref, ...dependsOn]) expect(listed).toContain(each);
  });

  test("has a serial number that follows from its content", () => {
    const serialNumberOf = (version: string) =>
      billOfMaterials(version, packages, bunComponents(versions)).serialNumber;
    expect(serialNumberOf("1.2.3")).toBe(serialNumberOf("1.2.3"));
    expect(serialNumberOf("1.2.3")).not.toBe(serialNumberOf("1.2.4"));
    expect(serialNumberOf("1.2.3")).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});

describe("the licences", () => {
  test("are there once, below the packages that they are for", async () => {
    const text = await licenceTexts(packages, bunComponents(versions));
    expect(text.match(/Apache License\n/g)).toHaveLength(1);
    expect(text).toMatch(/^@aws-sdk\/client-ecs 3\./m);
    expect(text).toContain("JavaScriptCore, in Bun");
  });

  const stranger = {
    name: "stranger",
    version: "1.0.0",
    licence: "MIT",
    repository: undefined,
    texts: [],
  };

  test("of a package without a text are borrowed only where they name nobody", async () => {
    const borrowed = { ...stranger, licence: "Apache-2.0" };
    expect(await licenceTexts([...packages, borrowed], [])).toMatch(/^stranger 1\.0\.0$/m);
    await expect(licenceTexts([...packages, stranger], [])).rejects.toThrow("stranger");
  });
});
