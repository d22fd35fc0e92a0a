import { type Document, isAlias, isPair, isScalar, isSeq, type Scalar, visit } from "yaml";
import type { Mistake } from "./problems.ts";

/** The environment: values by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

export interface MistakeAt extends Mistake {
  /** Where in the text it begins. */
  readonly offset: number;
}

export interface Substitution {
  /** The variables that the document named and that were set, with their values. */
  readonly used: ReadonlyMap<string, string>;
  readonly mistakes: readonly MistakeAt[];
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` in the scalars of a document, never in keys; `$$` stands
 * for a dollar. A value is data: it may turn a plain scalar into a number, a boolean or nothing, as if
 * it were written there, but never into a list or a map, and what it contains is not looked at again.
 * In double quotes and in block scalars it stays text; in single quotes a dollar is a dollar.
 */
export function substitute(document: Document, variables: Variables): Substitution {
  const used = new Map<string, string>();
  const mistakes: MistakeAt[] = [];
  visit(document, {
    Scalar: (key, node, ancestors) => {
      if (key === "key" || typeof node.value !== "string" || node.type === "QUOTE_SINGLE") return;
      if (!node.value.includes("$")) return;
      const place = { path: pathOf([...ancestors, node]), offset: node.range?.[0] ?? 0 };
      const text = expand(node.value, variables, used, (message, hint) => {
        mistakes.push({ ...place, message, hint });
      });
      node.value = node.type === "PLAIN" ? valueOfPlain(text, document) : text;
    },
  });
  return { used, mistakes };
}

/** The text with its variables replaced; adds those that are set to `used`. */
function expand(
  text: string,
  variables: Variables,
  used: Map<string, string>,
  wrong: (message: string, hint: string) => void,
): string {
  return text.replace(/\$(?:\$|\{([^}]*)(\}?))/g, (written, inner?: string, end?: string) => {
    if (inner === undefined) return "$";
    const [, name, fallback] = /^([A-Za-z_]\w*)(?::-(.*))?$/s.exec(inner) ?? [];
    if (name === undefined || end === "") {
      const hint = `write \${NAME} or \${NAME:-default}, and $$ for a dollar`;
      wrong(`has "${written}", which names no variable`, hint);
      return written;
    }
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value !== undefined) used.set(name, value);
    // As in a shell, a default stands in for a variable that is empty, too.
    if (fallback !== undefined) return value === undefined || value === "" ? fallback : value;
    if (value !== undefined) return value;
    wrong(
      `needs the environment variable ${name}, which is not set`,
      `${name}=... prov ..., or a default: \${${name}:-...}`,
    );
    return written;
  });
}

/** The value that YAML gives a plain scalar: a number, a boolean, null, or the text itself. */
function valueOfPlain(text: string, document: Document): unknown {
  const tags = document.schema?.tags.filter((tag) => tag.collection === undefined) ?? [];
  for (const tag of tags) {
    if (tag.default !== true || tag.test?.test(text) !== true) continue;
    const resolved = tag.resolve?.(text, () => undefined, { intAsBigInt: false });
    return isScalar(resolved) ? resolved.value : resolved;
  }
  return text;
}

/** The path in the data to the last node. Each node is inside the one before it. */
function pathOf(nodes: readonly unknown[]): (string | number)[] {
  return nodes.flatMap((node, index) => {
    if (isPair(node)) return [keyOf(node.key)];
    return isSeq(node) ? [node.items.indexOf(nodes[index + 1])] : [];
  });
}

function keyOf(key: unknown): string | number {
  if (isAlias(key)) return key.source;
  const value = isScalar(key) ? (key as Scalar).value : key;
  return typeof value === "number" ? value : String(value);
}
