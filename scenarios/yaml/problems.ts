/** One thing wrong with a file that a person wrote: where, what, and what to do about it. */
export interface FileProblem {
  readonly file: string;
  /** 1-based; undefined for a value that came from the command line. */
  readonly line: number | undefined;
  /** `phases[1].streams[0].exchange`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly hint: string | undefined;
}

/** What is wrong with one value, by its path in the data. */
export interface Mistake {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly hint: string | undefined;
}

export type Path = readonly (string | number)[];

/** Reports a mistake in the value at a path. */
export type Report = (path: Path, message: string, hint?: string) => void;

/** The content of a file, or everything that is wrong with it. */
export type Reading<Read extends object, Problem = FileProblem> =
  | ({ readonly kind: "ok" } & Readonly<Read>)
  | { readonly kind: "failed"; readonly problems: readonly Problem[] };

/** `FILE:LINE: PATH: MESSAGE`, and the hint on a line of its own. */
export function formatFileProblem(problem: FileProblem): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  const subject = problem.path === "" ? "" : `${problem.path} `;
  const hint = problem.hint === undefined ? "" : `\n  hint: ${problem.hint}`;
  return `${place}: ${subject}${problem.message}${hint}`;
}

/** `phases[1].streams[0].exchange`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      return index === 0 ? String(part) : `.${String(part)}`;
    })
    .join("");
}
