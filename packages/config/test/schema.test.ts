// The committed JSON Schema is the one that the program's own schema gives, and says what an editor needs.

import { expect, test } from "bun:test";
import { parseSettings } from "../src/index.ts";
import { ruleList } from "../src/setting-rules.ts";
import { schemaPath, schemaText } from "./schema-text.ts";

interface Property {
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
}

const committed = await Bun.file(schemaPath).text();
const schema: {
  readonly properties: Readonly<Record<string, Property>>;
  readonly additionalProperties: unknown;
} = JSON.parse(committed);

test("schema.json is current: `bun run schema` writes it", () => {
  expect(committed).toBe(schemaText());
});

test("it has every key of the file with a description, $schema, and no other", () => {
  expect(Object.keys(schema.properties)).toEqual(["$schema", ...ruleList.map(({ key }) => key)]);
  for (const { description } of Object.values(schema.properties))
    expect(description).toEndWith(".");
  expect(schema.additionalProperties).toBe(false);
});

test("its defaults are those in effect", () => {
  const value = Object.fromEntries(
    Object.entries(schema.properties).flatMap(([key, { default: byDefault }]) =>
      byDefault === undefined ? [] : [[key, byDefault]],
    ),
  );
  expect(Object.keys(value)).toHaveLength(
    ruleList.filter(({ fallback }) => fallback !== undefined).length,
  );
  expect(parseSettings({}, { path: "defaults", value })).toEqual(parseSettings({}));
});

test("its examples are accepted", () => {
  for (const [key, { examples = [] }] of Object.entries(schema.properties))
    for (const example of examples)
      expect(() =>
        parseSettings({}, { path: "examples", value: { [key]: example } }),
      ).not.toThrow();
});
