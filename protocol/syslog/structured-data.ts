import { EncodeError } from "../encode-error.ts";

export interface StructuredParameter {
  readonly name: string;
  readonly value: string;
}

/** One `[id name="value" ...]` of RFC 5424, section 6.3. Ids and names may repeat. */
export interface StructuredElement {
  readonly id: string;
  readonly parameters: readonly StructuredParameter[];
}

const NAME = /[!#-<>-\\^-~]{1,32}/y;

/**
 * Reads one or more elements at `start`; `end` is after the last `]`. Undefined when they are malformed.
 * A backslash before any character but `"`, `\` and `]` is literal (section 6.3.3).
 */
export function parseStructuredData(
  text: string,
  start: number,
): { elements: StructuredElement[]; end: number } | undefined {
  const elements: StructuredElement[] = [];
  let at = start;
  while (text[at] === "[") {
    const id = nameAt(text, at + 1);
    if (id === undefined) return undefined;
    at += 1 + id.length;
    const parameters: StructuredParameter[] = [];
    while (text[at] === " ") {
      const name = nameAt(text, at + 1);
      if (name === undefined) return undefined;
      at += 1 + name.length;
      if (text[at] !== "=" || text[at + 1] !== '"') return undefined;
      const value = quotedAt(text, at + 2);
      if (value === undefined) return undefined;
      parameters.push({ name, value: value.text });
      at = value.end;
    }
    if (text[at] !== "]") return undefined;
    at += 1;
    elements.push({ id, parameters });
  }
  return elements.length === 0 ? undefined : { elements, end: at };
}

function nameAt(text: string, at: number): string | undefined {
  NAME.lastIndex = at;
  return NAME.exec(text)?.[0];
}

/** The value whose first character is at `start`; `end` is after its closing quote. */
function quotedAt(text: string, start: number): { text: string; end: number } | undefined {
  let value = "";
  let from = start;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') return { text: value + text.slice(from, at), end: at + 1 };
    if (character === "]") return undefined;
    if (character === "\\" && isEscapable(text[at + 1])) {
      value += text.slice(from, at);
      from = at + 1;
      at += 1;
    }
  }
  return undefined;
}

function isEscapable(character: string | undefined): boolean {
  return character === '"' || character === "\\" || character === "]";
}

/** The elements as text. Throws EncodeError for a name that the grammar does not allow. */
export function formatStructuredData(elements: readonly StructuredElement[]): string {
  return elements
    .map(({ id, parameters }) => {
      const inside = parameters.map(
        ({ name, value }) => ` ${checkName(name)}="${value.replace(/["\\\]]/g, "\\$&")}"`,
      );
      return `[${checkName(id)}${inside.join("")}]`;
    })
    .join("");
}

function checkName(name: string): string {
  if (nameAt(name, 0)?.length !== name.length) {
    throw new EncodeError(`"${name}" cannot be a name in structured data`);
  }
  return name;
}
