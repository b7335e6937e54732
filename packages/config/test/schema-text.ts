// The text of schema.json, from the schema that judges the file; run by itself, it writes it.

import { toJsonSchema } from "@valibot/to-json-schema";
import { fileSchema } from "../src/setting-rules.ts";

/** Where it is committed. */
export const schemaPath: string = `${import.meta.dir}/../schema.json`;

/** The file's JSON Schema (draft 7, which editors know for JSON and YAML), as text. */
export function schemaText(): string {
  const { $schema, ...schema } = toJsonSchema(fileSchema, {
    typeMode: "input",
    // Whether a URL can be parsed is beyond a JSON Schema; its pattern and format stand there.
    ignoreActions: ["check"],
  });
  const whole = {
    $schema,
    $id: "https://raw.githubusercontent.com/nlb-sidecar/nlb-sidecar/main/packages/config/schema.json",
    title: "nlb-sidecar settings",
    description:
      "The settings file of nlb-sidecar, /etc/nlb-sidecar/config.yaml, .yml or .json. A variable of the same setting beats it.",
    ...schema,
    // Every setting has a default.
    required: undefined,
  };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

if (import.meta.main) await Bun.write(schemaPath, schemaText());
