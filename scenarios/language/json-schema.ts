import { z } from "zod";
import { scenarioSchema } from "./scenario-schema.ts";

/** The name of the published file, in this folder and in the package. */
export const JSON_SCHEMA_FILE = "scenario.schema.json";

type JsonSchema = z.core.JSONSchema.BaseSchema;

const VARIABLE = "variable";

/**
 * The JSON Schema (draft-07, which editors know best) of a scenario file as it is written: durations
 * are text, and any scalar may be a variable. Relations between fields are beyond it: `prov scenario
 * check` has them all.
 */
export function scenarioJsonSchema(): JsonSchema {
  const written = z.toJSONSchema(scenarioSchema, {
    io: "input",
    target: "draft-07",
    override: ({ jsonSchema }) => {
      if (isScalar(jsonSchema)) allowVariable(jsonSchema);
    },
  }) as JsonSchema;
  const { $schema, title, required = [], ...rest } = written;
  return {
    ...($schema === undefined ? {} : { $schema }),
    ...(title === undefined ? {} : { title }),
    ...rest,
    // Sections that are missing here may come from an included file.
    anyOf: [{ required: ["include"] }, { required }],
    definitions: {
      [VARIABLE]: {
        type: "string",
        pattern: "\\$\\{[A-Za-z_]\\w*(:-[^}]*)?\\}",
        description: `An environment variable, \${NAME} or \${NAME:-default}.`,
      },
    },
  };
}

/** The text of the published file. */
export function scenarioJsonSchemaText(): string {
  return `${JSON.stringify(scenarioJsonSchema(), undefined, 2)}\n`;
}

/** Whether a schema describes one scalar that not every text is. */
function isScalar(schema: JsonSchema): boolean {
  if (schema.type === "string") {
    return schema.pattern !== undefined || schema.enum !== undefined || schema.const !== undefined;
  }
  return schema.type === "number" || schema.type === "integer" || schema.type === "boolean";
}

// What describes the field stays outside; what its value must be goes into a branch.
const kept = ["description", "title", "default", "examples"];

function allowVariable(schema: JsonSchema): void {
  const asked = Object.entries(schema).filter(([key]) => !kept.includes(key));
  for (const [key] of asked) delete schema[key];
  schema.anyOf = [Object.fromEntries(asked), { $ref: `#/definitions/${VARIABLE}` }];
}
