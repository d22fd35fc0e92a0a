import { formatPath } from "../../scenarios/yaml/problems.ts";
import { RESULT_SCHEMA, type RunResult, runResult } from "./run-result.ts";

/** A result, or all problems of the text: a sentence each, with the place. */
export type ResultReading =
  | { readonly kind: "read"; readonly result: RunResult }
  | { readonly kind: "failed"; readonly problems: readonly string[] };

const PROBLEMS_MAX = 20;

/**
 * Reads the text of a `result.json`. Never throws on a text: the problems say what is damaged, and
 * whether it is of another program or of a later schema.
 */
export function readResult(json: string): ResultReading {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return failed(`is not JSON: ${(error as SyntaxError).message}`);
  }
  const foreign = schemaProblem(value);
  if (foreign !== undefined) return failed(foreign);
  const parsed = runResult.safeParse(value);
  // Not zod's copy, which lacks the fields of a later minor version.
  if (parsed.success) return { kind: "read", result: value as RunResult };
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${formatPath(path)}: ${lowerFirst(message)}`,
  );
  const more = problems.length - PROBLEMS_MAX;
  return failed(...problems.slice(0, PROBLEMS_MAX), ...(more > 0 ? [`and ${more} more`] : []));
}

function failed(...problems: string[]): ResultReading {
  return { kind: "failed", problems };
}

function schemaProblem(value: unknown): string | undefined {
  const schema: unknown =
    typeof value === "object" && value !== null ? Reflect.get(value, "schema") : undefined;
  if (schema === RESULT_SCHEMA) return undefined;
  if (typeof schema !== "string") return `is no result of prov run: "schema" is missing`;
  const version = /^provlab\/result@(\d+)$/.exec(schema)?.[1];
  const own = Number(RESULT_SCHEMA.split("@")[1]);
  if (version !== undefined && Number(version) > own) {
    return `is of a later version, ${schema}: this one reads ${RESULT_SCHEMA}, so take a newer Provlab`;
  }
  return `is no result of prov run: schema is ${JSON.stringify(schema)}, not ${RESULT_SCHEMA}`;
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
