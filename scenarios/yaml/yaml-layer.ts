import { type Document, LineCounter, parseDocument } from "yaml";
import type { FileProblem, Reading } from "./problems.ts";

/** One YAML file of the several that a scenario may be made of. */
export interface YamlLayer {
  /** As it is named in messages. */
  readonly file: string;
  readonly text: string;
  readonly document: Document;
  readonly lines: LineCounter;
  /** What the file says: plain objects, lists and scalars. */
  readonly data: unknown;
}

// Such a file is written by hand; more than this is a mistake or an attack.
const TEXT_LENGTH_MAX = 1_000_000;
const ALIASES_MAX = 100;

/**
 * Reads one file. `rewrite` may replace scalars of its document before they become data, and reports
 * what is wrong with them.
 */
export function parseLayer(
  file: string,
  text: string,
  rewrite: (document: Document, lines: LineCounter) => readonly FileProblem[] = () => [],
): Reading<{ layer: YamlLayer }> {
  const wrong = (line: number | undefined, message: string, hint?: string): FileProblem => {
    return { file, line, path: "", message, hint };
  };
  if (text.length > TEXT_LENGTH_MAX) {
    return { kind: "failed", problems: [wrong(undefined, "is larger than 1 MB")] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => {
      const message = error.message.split("\n")[0].replace(/ at line.*$/, "");
      return wrong(lines.linePos(error.pos[0]).line, `is not YAML: ${message}`);
    });
    return { kind: "failed", problems };
  }
  const problems = rewrite(document, lines);
  if (problems.length > 0) return { kind: "failed", problems };
  try {
    const data: unknown = document.toJS({ maxAliasCount: ALIASES_MAX });
    return { kind: "ok", layer: { file, text, document, lines, data } };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return { kind: "failed", problems: [wrong(undefined, error.message)] };
  }
}

/** Merges maps key by key; for anything else, lists too, the first layer that has it wins. */
export function mergeLayers(layers: readonly YamlLayer[]): unknown {
  return layers.map(({ data }) => data).reduceRight((below, above) => merge(above, below));
}

function merge(above: unknown, below: unknown): unknown {
  if (!isMap(above) || !isMap(below)) return above;
  const keys = new Set([...Object.keys(above), ...Object.keys(below)]);
  return Object.fromEntries(
    [...keys].map((key) => {
      if (!Object.hasOwn(below, key)) return [key, above[key]];
      return [key, Object.hasOwn(above, key) ? merge(above[key], below[key]) : below[key]];
    }),
  );
}

/**
 * The file and line that a value of the merged data comes from. For a value that no file has, the place
 * of the nearest map or list around it.
 */
export function placeOf(
  layers: readonly [YamlLayer, ...YamlLayer[]],
  path: readonly PropertyKey[],
): { readonly file: string; readonly line: number | undefined } {
  // The layers that are still merged at this depth, and each one's value there.
  let merged = layers.map((layer) => ({ layer, value: layer.data }));
  let depth = 0;
  for (const key of path) {
    const having = merged.filter(({ value }) => has(value, key));
    if (having.length === 0) break;
    const inner = having.map(({ layer, value }) => ({
      layer,
      value: Reflect.get(value as object, key),
    }));
    const firstOther = inner.findIndex(({ value }) => !isMap(value));
    merged = inner.slice(0, firstOther < 0 ? inner.length : Math.max(1, firstOther));
    depth += 1;
  }
  const { layer } = merged[0];
  return { file: layer.file, line: lineOf(layer, path.slice(0, depth)) };
}

function lineOf({ document, lines }: YamlLayer, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown =
      length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (typeof node !== "object" || node === null || !("range" in node)) continue;
    const range = node.range as readonly number[] | undefined;
    return range === undefined ? undefined : lines.linePos(range[0]).line;
  }
  return undefined;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function has(value: unknown, key: PropertyKey): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key);
}
