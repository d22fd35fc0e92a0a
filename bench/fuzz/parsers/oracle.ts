import { inspect, isDeepStrictEqual } from "node:util";
import { formatFileProblem, type Reading } from "../../../scenarios/yaml/problems.ts";

type ErrorClass = abstract new (...args: never[]) => Error;

const TOLD_CHARACTERS_MAX = 1000;

/** The result of `parse`; undefined when it refuses by its own error. Throws any other error. */
export function parsed<Value>(own: ErrorClass, parse: () => Value): Value | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof own)) throw error;
    return undefined;
  }
}

/** Throws Error when two ways to one value give two values. */
export function checkSame(what: string, one: unknown, other: unknown): void {
  if (isDeepStrictEqual(one, other)) return;
  const told = [one, other].map((value) => inspect(value, { depth: 8 }));
  throw new Error(
    `${what}: ${told.map((text) => text.slice(0, TOLD_CHARACTERS_MAX)).join("\nand not ")}`,
  );
}

/** Throws Error when `isSo` is false. */
export function check(what: string, isSo: boolean): void {
  if (!isSo) throw new Error(what);
}

const utf8Decoder = new TextDecoder();

/** A file's text, as its reader gets it from Node: bytes that are not UTF-8 become U+FFFD. */
export const utf8Text = (bytes: Uint8Array): string => utf8Decoder.decode(bytes);

/** A text that is refused has a reason, each problem with a sentence and a line. */
export function checkReading(reading: Reading<object>): void {
  if (reading.kind === "ok") return;
  check("refused without a reason", reading.problems.length > 0);
  for (const problem of reading.problems) {
    check("a problem without a sentence", problem.message !== "");
    check(`a problem in line ${problem.line}`, problem.line === undefined || problem.line >= 1);
    formatFileProblem(problem);
  }
}
