/** A file with one slip in it, and where that is. */
export interface Mutant {
  readonly name: string;
  /** Line of the slip, from 1. */
  readonly line: number;
  readonly before: string;
  readonly after: string;
  readonly text: string;
}

const TOKEN = /"[^"]*"|[A-Za-z0-9_-]+|[^\sA-Za-z0-9_-]/g;
const strays = ["{", "}", ";", "(", ")", ",", "=", "5", "foo", '"x"', "10.0.0.1", "option"];

/**
 * Copies of these texts, one slip of the keyboard in each: a token left out, written twice, swapped
 * for another, misspelt, or a stray one put in. The same seed gives the same mutants.
 */
export function mutantsOf(texts: readonly string[], count: number, seed: number): Mutant[] {
  let state = seed;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  return Array.from({ length: count }, (_, index) => {
    const lines = texts[below(texts.length)].split("\n");
    let at = below(lines.length);
    while (/^\s*(?:#.*)?$/.test(lines[at])) at = below(lines.length);
    const before = lines[at];
    const after = withSlip(before, below);
    lines[at] = after;
    const name = `mutant ${index} of seed ${seed}`;
    return { name, line: at + 1, before, after, text: lines.join("\n") };
  });
}

function withSlip(line: string, below: (limit: number) => number): string {
  const tokens = [...line.matchAll(TOKEN)];
  const [token] = tokens[below(tokens.length)];
  const { index } = tokens.find(([text]) => text === token) as RegExpExecArray;
  const head = line.slice(0, index);
  const tail = line.slice(index + token.length);
  switch (below(6)) {
    case 0:
      return head + tail;
    case 1:
      return `${head}${token} ${token}${tail}`;
    case 2:
      return head + strays[below(strays.length)] + tail;
    case 3:
      return `${head}${strays[below(strays.length)]} ${token}${tail}`;
    case 4:
      return head + tokens[below(tokens.length)][0] + tail;
    default: {
      const at = below(token.length);
      return `${head}${token.slice(0, at)}${"zq"[below(2)]}${token.slice(at + 1)}${tail}`;
    }
  }
}
