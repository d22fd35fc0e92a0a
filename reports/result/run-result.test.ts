import { expect, test } from "vitest";
import { z } from "zod";
import { fullResult } from "./full-result.testing.ts";
import { readResult } from "./read-result.ts";
import { runResult } from "./run-result.ts";

type Path = readonly (string | number)[];

interface Field {
  readonly path: Path;
  readonly isOptional: boolean;
  readonly schema: z.ZodType;
}

const full = fullResult();
const fullText = JSON.stringify(full);

/** The schema without what only says that it may be absent or null. */
function bare(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodExactOptional || schema instanceof z.ZodNullable
    ? bare(schema.unwrap() as z.ZodType)
    : schema;
}

/** Every field of the contract, at its first place in the full sample. */
function fieldsOf(schema: z.ZodType, value: unknown, path: Path = []): Field[] {
  const own = bare(schema);
  if (own instanceof z.ZodObject) {
    return Object.entries<z.ZodType>(own.shape).flatMap(([name, field]) => [
      { path: [...path, name], isOptional: field instanceof z.ZodExactOptional, schema: field },
      ...fieldsOf(field, Reflect.get(value as object, name), [...path, name]),
    ]);
  }
  if (own instanceof z.ZodArray) {
    return fieldsOf(own.element as z.ZodType, (value as unknown[])[0], [...path, 0]);
  }
  if (own instanceof z.ZodRecord) {
    const [name] = Object.keys(value as object);
    return fieldsOf(own.valueType as z.ZodType, Reflect.get(value as object, name!), [
      ...path,
      name!,
    ]);
  }
  return [];
}

const fields = fieldsOf(runResult, full);
const placeOf = (path: Path): string =>
  path.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");

/** The problems of the full sample after a change of the object that holds the field. */
function problemsOf(
  path: Path,
  change: (holder: object, name: string) => unknown,
): readonly string[] {
  const damaged = JSON.parse(fullText) as object;
  const holder = path
    .slice(0, -1)
    .reduce<object>((at, key) => Reflect.get(at, key) as object, damaged);
  change(holder, String(path.at(-1)));
  const reading = readResult(JSON.stringify(damaged));
  return reading.kind === "failed" ? reading.problems : [];
}

test("the full sample has every field of the contract, and is read", () => {
  expect(readResult(fullText)).toEqual({ kind: "read", result: full });
  const missing = fields.filter(({ path }) => {
    const value = path.reduce<unknown>((at, key) => Reflect.get(at as object, key), full);
    return value === undefined || value === null;
  });
  expect(missing).toEqual([]);
  expect(fields.length).toBeGreaterThan(250);
});

// The schema's name is told with a sentence of its own: see read-result.test.ts.
const checked = fields.filter(({ path }) => path[0] !== "schema");

test.each(checked.map((field) => [placeOf(field.path), field] as const))(
  "%s: a wrong type is told with its place, and so is its absence",
  (place, { path, isOptional, schema }) => {
    const wrong = bare(schema) instanceof z.ZodBoolean ? 7 : true;
    const told = problemsOf(path, (holder, name) => Reflect.set(holder, name, wrong));
    expect(told).toEqual([expect.stringContaining(`${place.slice(1)}: invalid `)]);
    const absent = problemsOf(path, Reflect.deleteProperty);
    expect(absent).toEqual(isOptional ? [] : [expect.stringContaining(`${place.slice(1)}: `)]);
  },
);

test("10,000 seconds of a run are read in time that grows with their number alone", () => {
  const rows = Array.from({ length: 10_000 }, (_, second) => ({ ...full.timeSeries[0], second }));
  const json = JSON.stringify({ ...full, timeSeries: rows });
  const before = process.cpuUsage();
  expect(readResult(json).kind).toBe("read");
  const { user, system } = process.cpuUsage(before);
  // A quarter of a second of CPU time; a pass over all rows for each row would take minutes.
  expect((user + system) / 1e6).toBeLessThan(10);
});
