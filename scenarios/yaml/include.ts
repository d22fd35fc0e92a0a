import { substitute, type Variables } from "./environment.ts";
import { type FileProblem, formatPath, type Reading } from "./problems.ts";
import { parseLayer, placeOf, type YamlLayer } from "./yaml-layer.ts";

/** Where a scenario's variables and included files come from. */
export interface ReadContext {
  readonly variables: Variables;
  /** Reads the file that another one includes; `written` is relative to the folder of `from`. */
  readonly open: (written: string, from: string) => Opened;
}

export type Opened =
  /** `file` is the same for one file, however its name was written. */
  | { readonly kind: "ok"; readonly file: string; readonly text: string }
  | { readonly kind: "failed"; readonly reason: string };

/** The context of a text that includes nothing. */
export const noContext: ReadContext = {
  variables: {},
  open: () => ({ kind: "failed", reason: "there is nothing to include here" }),
};

/** What a scenario depends on beside its text. */
export interface Dependencies {
  /** The texts of the included files, the one that wins first, then those of persona files. */
  readonly includedTexts: readonly string[];
  /** The variables that were named and set, by name. */
  readonly variables: Readonly<Record<string, string>>;
}

export type LayersReading = Reading<{
  /** The file itself first, which wins over the others. */
  layers: readonly [YamlLayer, ...YamlLayer[]];
  dependencies: Dependencies;
}>;

const DEPTH_MAX = 8;
const FILES_MAX = 64;

/**
 * Reads a file and all that it includes, `include: common.yaml` or a list, with the variables
 * replaced. Of a list, a later file wins over an earlier one, and the including file over all of them.
 */
export function readLayers(file: string, text: string, context: ReadContext): LayersReading {
  const reader = new LayerReader(context);
  const layers = reader.read(file, text, []);
  const [first, ...others] = layers;
  if (first === undefined || reader.problems.length > 0) {
    return { kind: "failed", problems: reader.problems };
  }
  const names = [...reader.used.keys()].sort();
  return {
    kind: "ok",
    layers: [first, ...others],
    dependencies: {
      includedTexts: others.map((layer) => layer.text),
      variables: Object.fromEntries(names.map((name) => [name, reader.used.get(name)!])),
    },
  };
}

class LayerReader {
  readonly problems: FileProblem[] = [];
  readonly used = new Map<string, string>();
  readonly #context: ReadContext;
  #files = 0;
  #isFull = false;

  constructor(context: ReadContext) {
    this.#context = context;
  }

  /** The layers of a file, itself first; `parents` are the files that led to it. */
  read(file: string, text: string, parents: readonly string[]): readonly YamlLayer[] {
    this.#files += 1;
    const parsed = parseLayer(file, text, (document, lines) => {
      const { used, mistakes } = substitute(document, this.#context.variables);
      for (const [name, value] of used) this.used.set(name, value);
      return mistakes.map(({ path, message, hint, offset }) => {
        return { file, line: lines.linePos(offset).line, path: formatPath(path), message, hint };
      });
    });
    if (parsed.kind === "failed") {
      this.problems.push(...parsed.problems.map((problem) => withBraceHint(problem, text)));
      return [];
    }
    const { layer } = parsed;
    const wrong = (message: string): readonly [] => {
      const { line } = placeOf([layer], ["include"]);
      this.problems.push({ file, line, path: "include", message, hint: undefined });
      return [];
    };
    const names = includesOf(layer.data);
    if (names === undefined) return wrong("must be the name of a file, or a list of such names");
    const chain = [...parents, file];
    const included = names.map((name) => this.#included(name, chain, wrong));
    return [layer, ...included.reverse().flat()];
  }

  #included(
    name: string,
    chain: readonly string[],
    wrong: (message: string) => readonly [],
  ): readonly YamlLayer[] {
    const from = chain.at(-1)!;
    if (chain.length > DEPTH_MAX) return wrong(`${name}: more than ${DEPTH_MAX} files deep`);
    if (this.#files >= FILES_MAX) {
      // Reported once, not for every further name.
      const isFirst = !this.#isFull;
      this.#isFull = true;
      return isFirst ? wrong(`${name}: more than ${FILES_MAX} files in all`) : [];
    }
    const opened = this.#context.open(name, from);
    if (opened.kind === "failed") return wrong(`${name}: ${opened.reason}`);
    const { file, text } = opened;
    if (chain.includes(file)) {
      return wrong(`${name}: goes round in a circle: ${[...chain, file].join(" includes ")}`);
    }
    return this.read(file, text, chain);
  }
}

/** The names of the included files; undefined when `include` is neither a name nor a list of names. */
function includesOf(data: unknown): readonly string[] | undefined {
  if (typeof data !== "object" || data === null || !Object.hasOwn(data, "include")) return [];
  const written: unknown = Reflect.get(data, "include");
  const names: readonly unknown[] = Array.isArray(written) ? written : [written];
  return names.every((name) => typeof name === "string" && name !== "")
    ? (names as string[])
    : undefined;
}

/** Within `{ }` and `[ ]` YAML takes the brace of a plain `${NAME}` for a map of its own. */
function withBraceHint(problem: FileProblem, text: string): FileProblem {
  const line = text.split("\n")[(problem.line ?? 0) - 1] ?? "";
  if (problem.hint !== undefined || !problem.message.startsWith("is not YAML")) return problem;
  if (!/[{[].*\$\{/.test(line)) return problem;
  return { ...problem, hint: `inside { } and [ ] YAML reads no \${NAME}: use lines of their own` };
}
