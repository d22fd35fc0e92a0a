import { readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { JSON_SCHEMA_FILE, scenarioJsonSchema, scenarioJsonSchemaText } from "./json-schema.ts";

const folder = dirname(dirname(fileURLToPath(import.meta.url)));

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

const schema = scenarioJsonSchema() as Schema;

/** All fields below a schema, by their path. */
function fieldsOf(at: Schema, path = ""): (readonly [string, Schema])[] {
  const fields = Object.entries(at.properties ?? {}).flatMap(([key, field]) => {
    const inner = path === "" ? key : `${path}.${key}`;
    return [[inner, field] as const, ...fieldsOf(field, inner)];
  });
  const { items } = at;
  return items === undefined
    ? fields
    : [...fields, [`${path}[]`, items], ...fieldsOf(items, `${path}[]`)];
}

test("the published file is what the language is", () => {
  const published = readFileSync(`${folder}/${JSON_SCHEMA_FILE}`, "utf8");
  const how =
    "it is stale: npm run build && npx prov scenario schema > scenarios/scenario.schema.json";
  expect(published, how).toBe(scenarioJsonSchemaText());
});

describe("every field", () => {
  const fields = fieldsOf(schema);

  test("is there, those of lists too", () => {
    const paths = fields.map(([path]) => path);
    expect(paths).toContain("population.docsisVersions.3.1");
    expect(paths).toContain("phases[].streams[].ratePerSecond");
  });

  test.each(fields)("%s has a description, a sentence", (_, { description }) => {
    expect(description).toMatch(/^[A-Z].*\.$/);
  });

  test.each(fields)("%s has a default that it allows itself", (path, field) => {
    if (field.default === undefined) return;
    const kind = Array.isArray(field.default) ? "array" : typeof field.default;
    const types = (field.anyOf ?? [field]).map(({ type }) =>
      type === "integer" ? "number" : type,
    );
    expect(types, path).toContain(kind);
  });
});

test("an including file needs nothing but what it includes", () => {
  expect(schema.anyOf).toEqual([
    { required: ["include"] },
    { required: ["schema", "name", "population", "phases"] },
  ]);
});

test.each(readdirSync(folder).filter((name) => name.endsWith(".yaml")))(
  "%s tells editors of the schema",
  (file) => {
    const [first] = readFileSync(`${folder}/${file}`, "utf8").split("\n");
    expect(first).toBe(`# yaml-language-server: $schema=./${JSON_SCHEMA_FILE}`);
  },
);
