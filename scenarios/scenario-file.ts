import { type Document, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { didYouMean } from "./did-you-mean.ts";
import { buildScenario, type Scenario } from "./scenario.ts";
import { scenarioSchema } from "./scenario-schema.ts";

/** One thing wrong with a scenario: where, what, and what to do about it. */
export interface ScenarioProblem {
  readonly file: string;
  /** 1-based; undefined for a value that came from the command line. */
  readonly line: number | undefined;
  /** `phases[1].streams[0].exchange`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly hint: string | undefined;
}

export type ScenarioReading =
  | { readonly kind: "ok"; readonly scenario: Scenario }
  | { readonly kind: "failed"; readonly problems: readonly ScenarioProblem[] };

/** A value that replaces the file's: `--set population.cmtsCount=4`. */
export interface Override {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

// A scenario is written by hand; more than this is a mistake or an attack.
const TEXT_LENGTH_MAX = 1_000_000;

/** Reads a scenario from YAML text and tells everything that is wrong with it at once. */
export function readScenario(
  file: string,
  text: string,
  overrides: readonly Override[] = [],
): ScenarioReading {
  if (text.length > TEXT_LENGTH_MAX) {
    return failed({
      file,
      line: undefined,
      path: "",
      message: "is larger than 1 MB",
      hint: undefined,
    });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  if (document.errors.length > 0) {
    return failed(
      ...document.errors.map((error) => ({
        file,
        line: lines.linePos(error.pos[0]).line,
        path: "",
        message: `is not YAML: ${error.message.split("\n")[0]!.replace(/ at line.*$/, "")}`,
        hint: undefined,
      })),
    );
  }
  for (const { path, value } of overrides) document.setIn(path, value);

  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return failed({ file, line: undefined, path: "", message: error.message, hint: undefined });
  }
  const place = (path: readonly PropertyKey[]) => ({
    file,
    line: lineOf(document, lines, path),
    path: formatPath(path),
  });
  const parsed = scenarioSchema.safeParse(data);
  if (!parsed.success) {
    return failed(
      ...parsed.error.issues.flatMap((issue) =>
        explain(issue, data).map(({ path, message, hint }) => ({ ...place(path), message, hint })),
      ),
    );
  }
  const built = buildScenario(parsed.data);
  if (built.kind === "ok") return built;
  return failed(
    ...built.problems.map(({ path, message, hint }) => ({ ...place(path), message, hint })),
  );
}

/** `FILE:LINE: PATH: MESSAGE`, and the hint on a line of its own. */
export function formatScenarioProblem(problem: ScenarioProblem): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  const subject = problem.path === "" ? "" : `${problem.path} `;
  const hint = problem.hint === undefined ? "" : `\n  hint: ${problem.hint}`;
  return `${place}: ${subject}${problem.message}${hint}`;
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

function failed(...problems: readonly ScenarioProblem[]): ScenarioReading {
  return { kind: "failed", problems };
}

// The line of the value, or of the nearest thing around it that the file does have.
function lineOf(
  document: Document,
  lines: LineCounter,
  path: readonly PropertyKey[],
): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown =
      length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (typeof node !== "object" || node === null || !("range" in node)) continue;
    const range = node.range as readonly number[] | undefined;
    if (range !== undefined) return lines.linePos(range[0]!).line;
    return undefined;
  }
  return undefined;
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      return index === 0 ? String(part) : `.${String(part)}`;
    })
    .join("");
}

interface Explanation {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly hint: string | undefined;
}

function explain(issue: z.core.$ZodIssue, data: unknown): Explanation[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: "is not known here",
      hint: suggestion(key, keysAt(path)),
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
  if (issue.code === "invalid_type") {
    const message = `must be a ${issue.expected}, not ${show(written)}`;
    return [{ path, message, hint: undefined }];
  }
  return [{ path, message: `is ${show(written)}: ${issue.message}`, hint: undefined }];
}

function suggestion(written: string, candidates: readonly string[]): string | undefined {
  const best = didYouMean(written, candidates);
  if (best !== undefined) return `did you mean ${best}?`;
  return candidates.length > 0 ? `known here: ${candidates.join(", ")}` : undefined;
}

/** The keys that the schema has at a path: for "did you mean". */
function keysAt(path: readonly PropertyKey[]): string[] {
  let schema: unknown = scenarioSchema;
  for (const part of path) {
    schema = unwrap(schema);
    if (typeof part === "number") schema = property(property(schema, "def"), "element");
    else schema = property(property(schema, "shape"), String(part));
  }
  return Object.keys(property(unwrap(schema), "shape") ?? {});
}

// Defaults and optionals wrap the schema that has the keys.
function unwrap(schema: unknown): unknown {
  let current = schema;
  for (
    let inner = current;
    inner !== undefined;
    inner = property(property(current, "def"), "innerType")
  ) {
    current = inner;
  }
  return current;
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
