import type { Dice } from "./dice.testing.ts";

/** Options of requests that an expression may look at; most devices send a few of them. */
const sent = [
  ...["host-name", "vendor-class-identifier", "dhcp-client-identifier", "user-class"],
  ...["agent.circuit-id", "agent.remote-id", "dhcp-requested-address", "dhcp-message-type"],
  ...["dhcp-max-message-size", "dhcp-parameter-request-list", "nis-domain", "dhcp-lease-time"],
] as const;

/** Words that devices do send, so that comparisons come true at times. */
export const words = {
  vendorClasses: ["gold", "silver-7", "docsis3.0:", "GOLD"],
  hostnames: ["box-1", "Box-2", "printer"],
  circuits: [1, 7, 40],
} as const;

const literals = ['"gold"', '"silver"', '"box-1"', '"x"', "01", "02:ee", "07", "00:01:02:03"];

/**
 * A data expression of dhcp-eval(5), as text. `config-option` names only what no expression sets: one
 * that comes back to itself ends dhcpd's process.
 */
export function dataExpression(dice: Dice, depth = 2): string {
  const data = (): string => dataExpression(dice, depth - 1);
  const number = (): string => numericExpression(dice, depth - 1);
  const leaves = [
    () => `option ${dice.pick(sent)}`,
    () => `option ${dice.pick(sent)}`,
    () => dice.pick(literals),
    () => dice.pick(["hardware", "leased-address", "filename", "server-name"]),
    () => dice.pick(["config-option root-path", "config-option ntp-servers", "null"]),
    () => `packet(${dice.pick([0, 4, 10, 12, 24, 28, 236, 240])}, ${dice.between(1, 6)})`,
  ];
  const functions = [
    () => `substring(${data()}, ${dice.between(0, 6)}, ${dice.between(0, 8)})`,
    () => `suffix(${data()}, ${dice.between(0, 6)})`,
    () => `concat(${dice.times(dice.between(2, 3), data).join(", ")})`,
    () => `pick-first-value(${dice.times(dice.between(2, 3), data).join(", ")})`,
    () => `${dice.pick(["lcase", "ucase"])}(${data()})`,
    () => `reverse(${dice.pick([1, 2, 4])}, ${data()})`,
    () =>
      `binary-to-ascii(${dice.pick([2, 8, 10, 16])}, ${dice.pick([8, 16, 32])}, "${dice.pick([":", "", "-"])}", ${data()})`,
    () => `encode-int(${number()}, ${dice.pick([8, 16, 32])})`,
  ];
  return dice.pick(depth <= 0 || dice.chance(35) ? leaves : functions)();
}

export function numericExpression(dice: Dice, depth = 1): string {
  const number = (): string => numericExpression(dice, depth - 1);
  const makers = [
    () => String(dice.pick([0, 1, 2, 7, 255, 256, 1400, 70_000])),
    () => `extract-int(${dataExpression(dice, depth - 1)}, ${dice.pick([8, 16, 32])})`,
    () => "lease-time",
  ];
  // Arithmetic needs spaces, or the minus is part of a word.
  if (depth > 0 && dice.chance(30))
    return `${number()} ${dice.pick(["+", "*", "/", "%"])} ${number()}`;
  return makers[dice.below(2)]();
}

export function booleanExpression(dice: Dice, depth = 2): string {
  const boolean = (): string => booleanExpression(dice, depth - 1);
  const leaves = [
    () => dice.pick(["known", "static", "known"]),
    () => `exists ${dice.pick(sent)}`,
    () => `option vendor-class-identifier = "${dice.pick(words.vendorClasses)}"`,
    () => `substring(option vendor-class-identifier, 0, 4) = "${dice.pick(["gold", "silv"])}"`,
    () => `option agent.circuit-id = ${dice.pick(["01", "07", "28"])}`,
    () => `substring(hardware, 1, 3) = 02:ee:0${dice.below(2)}`,
    () => `${dataExpression(dice, 1)} ${dice.pick(["=", "!="])} ${dataExpression(dice, 1)}`,
  ];
  // dhcpd takes no comparison of numbers in a chain, or takes what follows for numbers.
  const numeric = (): string =>
    dice.chance(50)
      ? `extract-int(${dataExpression(dice, 0)}, 8) ${dice.pick(["=", "!="])} ${dice.pick([1, 3, 120])}`
      : `extract-int(${dataExpression(dice, 0)}, 16) = ${dice.pick([1, 120, 1400])}`;
  // dhcpd takes nothing after a closing parenthesis: only the right side of "and" may have one.
  const leaf = (): string => dice.pick(leaves)();
  const operator = (): string => dice.pick(["and", "or"]);
  const compounds = [
    () => `not (${boolean()})`,
    () => `${leaf()} ${operator()} ${leaf()} ${operator()} ${leaf()}`,
    () => `${leaf()} ${operator()} (${boolean()})`,
  ];
  if (dice.chance(10)) return numeric();
  return depth <= 0 || dice.chance(50) ? leaf() : dice.pick(compounds)();
}
