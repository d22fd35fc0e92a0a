import { type FileProblem, formatFileProblem } from "../../scenarios/yaml/problems.ts";

/** The user asked for something that cannot be: the message tells what, and the status is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The error for all the mistakes in a file. */
export function mistakesIn(problems: readonly FileProblem[]): UsageError {
  return new UsageError(problems.map(formatFileProblem).join("\n"));
}

export type ErrorClass = abstract new (...args: never[]) => Error;

/** A handler that turns an error of the class into a UsageError, with `place` before its message. */
export function usageErrorFor(error: ErrorClass, place = ""): (thrown: unknown) => never {
  return (thrown) => {
    if (!(thrown instanceof error)) throw thrown;
    throw new UsageError(`${place}${thrown.message}`, { cause: thrown });
  };
}

/** Runs `action`. An error of the class becomes a UsageError, with `place` before its message. */
export function asUsageError<T>(error: ErrorClass, place: string, action: () => T): T {
  try {
    return action();
  } catch (thrown) {
    return usageErrorFor(error, place)(thrown);
  }
}

export const noSuchFile = "there is no such file or folder";

/**
 * Runs `action`, which reads or writes `path`. An error of the file system becomes a UsageError: `missing` if
 * it is given and there is no such file, otherwise `what` with the error's code.
 */
export function withFile<T>(
  path: string,
  what: "cannot be read" | "cannot be written",
  action: () => T,
  missing?: string,
): T {
  try {
    return action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const reason = code === "ENOENT" && missing !== undefined ? missing : `${what} (${code})`;
    throw new UsageError(`${path}: ${reason}`, { cause: error });
  }
}
