import { parseDocument } from "yaml";
import type { z } from "zod";
import { didYouMean } from "../../base/closest-word.ts";
import { type FileProblem, formatPath, type Mistake, type Path, type Reading } from "./problems.ts";
import { mergeLayers, parseLayer, placeOf, type YamlLayer } from "./yaml-layer.ts";

/** A value that replaces the file's: `--set population.cmtsCount=4`. */
export interface Override {
  readonly path: Path;
  readonly value: unknown;
}

export type YamlReading<Data> = Reading<{
  data: Data;
  /** What the layers and overrides say together, as it stood before the schema read it. */
  merged: unknown;
  /** Gives mistakes that are found later the place of their value. */
  placed: (mistakes: readonly Mistake[]) => readonly FileProblem[];
}>;

/** Reads YAML text, checks it against a schema, and reports everything that is wrong with it at once. */
export function readYaml<Schema extends z.ZodType>(
  file: string,
  text: string,
  schema: Schema,
): YamlReading<z.output<Schema>> {
  const parsed = parseLayer(file, text);
  return parsed.kind === "failed" ? parsed : checkLayers([parsed.layer], schema, []);
}

/**
 * Merges the layers and checks the result. Earlier layers win over later ones; the first is the file
 * itself. An override wins over all layers.
 */
export function checkLayers<Schema extends z.ZodType>(
  layers: readonly [YamlLayer, ...YamlLayer[]],
  schema: Schema,
  overrides: readonly Override[],
): YamlReading<z.output<Schema>> {
  const { file } = layers[0];
  let data = mergeLayers(layers);
  for (const { path, value } of overrides) {
    const changed = withValue(data, path, value);
    if (changed === undefined) {
      const message =
        "cannot be set: the way to it leads through a plain value, or names no entry of a list by its number";
      const place = { file, line: undefined, path: formatPath(path) };
      return { kind: "failed", problems: [{ ...place, message, hint: undefined }] };
    }
    data = changed.data;
  }
  const placed = (mistakes: readonly Mistake[]): FileProblem[] =>
    mistakes.map(({ path, message, hint }) => {
      const isSet = overrides.some((override) => startsWith(path, override.path));
      const place = isSet ? { file, line: undefined } : placeOf(layers, path);
      return { ...place, path: formatPath(path), message, hint };
    });
  const parsed = schema.safeParse(data);
  if (parsed.success) return { kind: "ok", data: parsed.data, merged: data, placed };
  const mistakes = parsed.error.issues.flatMap((issue) => explain(issue, data, schema));
  return { kind: "failed", problems: placed(mistakes) };
}

/** Undefined when the path leads through a plain value, or names an entry of a list by no number. */
function withValue(
  data: unknown,
  [key, ...rest]: Override["path"],
  value: unknown,
): { readonly data: unknown } | undefined {
  if (key === undefined) return { data: value };
  const container = data ?? (typeof key === "number" ? [] : {});
  if (typeof container !== "object") return undefined;
  // A list grows by its next entry, never by a hole.
  const isEntry = typeof key === "number" && Array.isArray(container) && key <= container.length;
  if (Array.isArray(container) && !isEntry) return undefined;
  const inner = withValue(Reflect.get(container, key), rest, value);
  if (inner === undefined) return undefined;
  if (!Array.isArray(container)) return { data: { ...container, [key]: inner.data } };
  const list: unknown[] = [...container];
  list[Number(key)] = inner.data;
  return { data: list };
}

function startsWith(path: readonly PropertyKey[], start: readonly PropertyKey[]): boolean {
  return start.every((part, index) => String(path[index]) === String(part));
}

/** `population.cableModems=100` as an override, or undefined when there is no `path=value` in it. */
export function parseOverride(text: string): Override | undefined {
  const equals = text.indexOf("=");
  const written = text.slice(0, equals);
  if (equals < 1 || !/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(written)) return undefined;
  const path = written.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const value = parseDocument(text.slice(equals + 1));
  return value.errors.length > 0 ? undefined : { path, value: value.toJS() };
}

function explain(issue: z.core.$ZodIssue, data: unknown, schema: z.ZodType): Mistake[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: "is not known here",
      hint: suggestion(key, keysAt(path, schema), () => pathOf(key, schema)),
    }));
  }
  const written = valueAt(data, path);
  if (issue.code === "invalid_value") {
    const values = issue.values.map(String);
    const message = `must be ${values.length === 1 ? "" : "one of "}${values.join(", ")}, not ${show(written)}`;
    return [{ path, message, hint: suggestion(String(written), values) }];
  }
  if (issue.code === "invalid_type" && written === undefined) {
    return [{ path, message: `is missing: ${issue.expected} expected`, hint: undefined }];
  }
  // Zod's own message names types of JavaScript; one of ours says what to write.
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input")) {
    const article = /^[aeiou]/.test(issue.expected) ? "an" : "a";
    const message = `must be ${article} ${issue.expected}, not ${show(written)}`;
    return [{ path, message, hint: undefined }];
  }
  return [{ path, message: `is ${show(written)}: ${issue.message}`, hint: undefined }];
}

function suggestion(
  written: string,
  candidates: readonly string[],
  elsewhere: () => string | undefined = () => undefined,
): string | undefined {
  const best = didYouMean(written, candidates) ?? longerWord(written, candidates) ?? elsewhere();
  if (best !== undefined) return `did you mean ${best}?`;
  return candidates.length > 0 ? `known here: ${candidates.join(", ")}` : undefined;
}

/** With fewer letters, too many words begin alike. */
const BEGINNING_MIN = 3;

/** `lossPercent` for `loss`. */
function longerWord(beginning: string, candidates: readonly string[]): string | undefined {
  if (beginning.length < BEGINNING_MIN) return undefined;
  const wanted = beginning.toLowerCase();
  return candidates.find((candidate) => candidate.toLowerCase().startsWith(wanted));
}

/** Where else the schema has the key, or one that it begins: `phases[].streams[].ratePerSecond`. */
function pathOf(key: string, root: z.ZodType): string | undefined {
  const sections = [...sectionsOf(root, "")];
  const exact = sections.find(({ keys }) => keys.includes(key));
  if (exact !== undefined) return exact.path + key;
  for (const { path, keys } of sections) {
    const longer = longerWord(key, keys);
    if (longer !== undefined) return path + longer;
  }
  return undefined;
}

/** The sections of a schema with their keys; those above come before those within them. */
function* sectionsOf(
  schema: unknown,
  path: string,
): Generator<{ readonly path: string; readonly keys: readonly string[] }> {
  const shape = property(unwrap(schema), "shape") ?? {};
  yield { path, keys: Object.keys(shape) };
  for (const [key, inner] of Object.entries(shape)) {
    const element = property(property(unwrap(inner), "def"), "element");
    yield* sectionsOf(element ?? inner, `${path}${key}${element === undefined ? "" : "[]"}.`);
  }
}

/** The keys that the schema has at a path: for "did you mean". */
function keysAt(path: readonly PropertyKey[], root: z.ZodType): string[] {
  let schema: unknown = root;
  for (const part of path) {
    schema = unwrap(schema);
    if (typeof part === "number") schema = property(property(schema, "def"), "element");
    else schema = property(property(schema, "shape"), String(part));
  }
  return Object.keys(property(unwrap(schema), "shape") ?? {});
}

// Defaults, optionals and transforms wrap the schema that has the keys.
function unwrap(schema: unknown): unknown {
  const def = property(schema, "def");
  const inner = property(def, "innerType") ?? property(def, "in");
  return inner === undefined ? schema : unwrap(inner);
}

function property(value: unknown, name: string): object | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const found: unknown = Reflect.get(value, name);
  return typeof found === "object" && found !== null ? found : undefined;
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
