const literals = ['"abc"', '"A"', '""', "01:02:03:04", "ff", "null", '"hello world"'];
const patternPieces = [
  ...["a", "b", "A", "(", ")", "|", "*", "+", "?", "^", "$", ".", "[ab]", "[^a]", "{2}", "{1,}"],
  ...["[a-c]", "\\.", "[[:alpha:]]", "\\w", "{"],
];

/** With every test run. */
export const expressionCount = 1200;

/** Left out of the random expressions: the two servers are known to differ. */
export const notCompared: readonly { readonly reason: string }[] = [
  { reason: "the manual's subtraction works: dhcpd does not read the minus sign of `a - b`" },
  { reason: "a number taken from an empty value is null; dhcpd reads past its end" },
  { reason: "a value that refers to itself (`config-option`) is null; dhcpd crashes" },
  {
    reason: "a function that returns nothing is null; dhcpd crashes when it is compared",
  },
];

/**
 * `log` statements, each of an expression that looks at no packet, with its number in front of the
 * value: both servers work them out when they read the file. The same seed gives the same ones.
 */
export function expressionLines(count: number, seed: number): string[] {
  let state = seed;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)];
  const data = (depth: number): string => {
    if (depth <= 0) return pick(literals);
    const inner = (): string => data(depth - 1);
    switch (below(9)) {
      case 0:
        return `concat (${inner()}, ${inner()})`;
      case 1:
        return `substring (${inner()}, ${below(6)}, ${below(6)})`;
      case 2:
        return `suffix (${inner()}, ${below(6)})`;
      case 3:
        return `lcase (${inner()})`;
      case 4:
        return `ucase (${inner()})`;
      case 5:
        return `reverse (${1 + below(3)}, ${inner()})`;
      case 6:
        return `encode-int (${numeric(depth - 1)}, ${pick([8, 16, 32])})`;
      case 7:
        return `binary-to-ascii (${2 + below(15)}, ${pick([8, 16, 32])}, ".", ${inner()})`;
      default:
        return `pick-first-value (${inner()}, ${inner()})`;
    }
  };
  // dhcpd reads on past the end of a value that is too short for its number.
  const numeric = (depth: number): string => {
    const number = `extract-int (concat ("wxyz", ${data(depth - 1)}), ${pick([8, 16, 32])})`;
    if (depth <= 0) return number;
    return `(${number} ${pick(["+", "*", "/", "%", "&", "|", "^"])} ${below(50)})`;
  };
  const condition = (): string => {
    const pattern = Array.from({ length: 1 + below(8) }, () => pick(patternPieces)).join("");
    const value = Array.from({ length: below(6) }, () => pick(["a", "b", "A", "."])).join("");
    switch (below(4)) {
      case 0:
        return `${data(2)} ${pick(["=", "!="])} ${data(1)}`;
      case 1:
        return `${numeric(1)} ${pick(["=", "!="])} ${numeric(1)}`;
      case 2:
        return `not (${data(1)} = ${data(1)}) ${pick(["and", "or"])} ${data(1)} = ${data(1)}`;
      default:
        return `"${value}" ${pick(["~=", "~~"])} "${pattern.replaceAll("\\", "\\\\")}"`;
    }
  };
  return Array.from({ length: count }, (_, index) => {
    if (index % 2 === 0) {
      return `if (${condition()}) { log (info, "v${index} yes"); } else { log (info, "v${index} no"); }`;
    }
    const hex = `binary-to-ascii (16, 8, ":", ${data(1 + below(3))})`;
    return `log (info, pick-first-value (concat ("v${index} ", ${hex}), "v${index} null"));`;
  });
}
