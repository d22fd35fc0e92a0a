import { Dice } from "./differential/generated/dice.testing.ts";
import { Expressions } from "./differential/generated/expressions.testing.ts";

/** Of `npm run test:system`. */
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
  const dice = new Dice(seed, 0);
  const expressions = new Expressions(dice, "nothing");
  return Array.from({ length: count }, (_, index) => {
    if (index % 2 === 0) {
      const condition = expressions.boolean();
      return `if (${condition}) { log (info, "v${index} yes"); } else { log (info, "v${index} no"); }`;
    }
    const hex = `binary-to-ascii (16, 8, ":", ${expressions.data(dice.between(1, 3))})`;
    return `log (info, pick-first-value (concat ("v${index} ", ${hex}), "v${index} null"));`;
  });
}
