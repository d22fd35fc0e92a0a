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

const packetLiterals = ['"gold"', '"silver"', '"box-1"', '"x"', "01", "02:ee", "07", "00:01:02:03"];
const literals = ['"abc"', '"A"', '""', "01:02:03:04", "ff", "null", '"hello world"'];
const patternPieces = [
  ...["a", "b", "A", "(", ")", "|", "*", "+", "?", "^", "$", ".", "[ab]", "[^a]", "{2}", "{1,}"],
  ...["[a-c]", "\\.", "[[:alpha:]]", "\\w", "{"],
];

type Makers = readonly (() => string)[];

/**
 * Writes expressions of dhcp-eval(5), as text. `packet`: with what is known of a packet in them; else both
 * servers can work them out when they read the file. The same dice, the same text.
 */
export class Expressions {
  readonly #dice: Dice;
  readonly #isOfPacket: boolean;

  constructor(dice: Dice, of: "packet" | "nothing") {
    this.#dice = dice;
    this.#isOfPacket = of === "packet";
  }

  data(depth = 2): string {
    const dice = this.#dice;
    const data = (): string => this.data(depth - 1);
    const width = (): number => dice.pick([8, 16, 32]);
    const functions: Makers = [
      () => `substring(${data()}, ${dice.between(0, 6)}, ${dice.between(0, 8)})`,
      () => `suffix(${data()}, ${dice.between(0, 6)})`,
      () => `concat(${dice.times(dice.between(2, 3), data).join(", ")})`,
      () => `pick-first-value(${dice.times(dice.between(2, 3), data).join(", ")})`,
      () => `${dice.pick(["lcase", "ucase"])}(${data()})`,
      () => `reverse(${dice.pick([1, 2, 4])}, ${data()})`,
      () =>
        `binary-to-ascii(${dice.pick([2, 8, 10, 16])}, ${width()}, "${dice.pick([":", "", "-"])}", ${data()})`,
      () => `encode-int(${this.#numeric(depth - 1)}, ${width()})`,
    ];
    return dice.pick(depth <= 0 || dice.chance(35) ? this.#leaves() : functions)();
  }

  /** `config-option` names only what no expression sets: one that comes back to itself ends dhcpd's process. */
  #leaves(): Makers {
    const dice = this.#dice;
    if (!this.#isOfPacket) return [() => dice.pick(literals)];
    return [
      () => `option ${dice.pick(sent)}`,
      () => `option ${dice.pick(sent)}`,
      () => dice.pick(packetLiterals),
      () => dice.pick(["hardware", "leased-address", "filename", "server-name"]),
      () => dice.pick(["config-option root-path", "config-option ntp-servers", "null"]),
      () => `packet(${dice.pick([0, 4, 10, 12, 24, 28, 236, 240])}, ${dice.between(1, 6)})`,
    ];
  }

  #numeric(depth: number): string {
    const dice = this.#dice;
    const number = (): string => this.#numeric(depth - 1);
    const extracted = (): string => {
      const data = this.data(depth - 1);
      // dhcpd reads on past the end of a value that is too short for its number.
      const value = this.#isOfPacket ? data : `concat("wxyz", ${data})`;
      return `extract-int(${value}, ${dice.pick([8, 16, 32])})`;
    };
    // Without a packet nothing tells dhcpd that digits in front are a number, and not bytes.
    if (!this.#isOfPacket) {
      if (depth <= 0) return extracted();
      return `(${extracted()} ${dice.pick(["+", "*", "/", "%", "&", "|", "^"])} ${dice.below(50)})`;
    }
    // Arithmetic needs spaces, or the minus is part of a word.
    if (depth > 0 && dice.chance(30))
      return `${number()} ${dice.pick(["+", "*", "/", "%"])} ${number()}`;
    const makers = [() => String(dice.pick([0, 1, 2, 7, 255, 256, 1400, 70_000])), extracted];
    return makers[dice.below(2)]();
  }

  boolean(depth = 2): string {
    const dice = this.#dice;
    if (!this.#isOfPacket) return dice.pick(this.#plainConditions())();
    const boolean = (): string => this.boolean(depth - 1);
    // dhcpd takes nothing after a closing parenthesis: only the right side of "and" may have one.
    const leaf = (): string => dice.pick(this.#conditions())();
    const compounds: Makers = [
      () => `not (${boolean()})`,
      () => `${leaf()} ${this.#operator()} ${leaf()} ${this.#operator()} ${leaf()}`,
      () => `${leaf()} ${this.#operator()} (${boolean()})`,
    ];
    if (dice.chance(10)) return this.#comparedNumber();
    return depth <= 0 || dice.chance(50) ? leaf() : dice.pick(compounds)();
  }

  #operator(): string {
    return this.#dice.pick(["and", "or"]);
  }

  #conditions(): Makers {
    const dice = this.#dice;
    return [
      () => dice.pick(["known", "static", "known"]),
      () => `exists ${dice.pick(sent)}`,
      () => `option vendor-class-identifier = "${dice.pick(words.vendorClasses)}"`,
      () => `substring(option vendor-class-identifier, 0, 4) = "${dice.pick(["gold", "silv"])}"`,
      () => `option agent.circuit-id = ${dice.pick(["01", "07", "28"])}`,
      () => `substring(hardware, 1, 3) = 02:ee:0${dice.below(2)}`,
      () => this.#comparedData(),
    ];
  }

  /** Each stands alone where dhcpd does not read it inside another one, or not as we do. */
  #plainConditions(): Makers {
    const dice = this.#dice;
    const pattern = (): string =>
      dice.times(dice.between(1, 8), () => dice.pick(patternPieces)).join("");
    const value = (): string =>
      dice.times(dice.below(6), () => dice.pick(["a", "b", "A", "."])).join("");
    return [
      () => this.#comparedData(),
      () => `not (${this.#comparedData()}) ${this.#operator()} ${this.#comparedData()}`,
      () => this.#comparedNumber(),
      () => `"${value()}" ${dice.pick(["~=", "~~"])} "${pattern().replaceAll("\\", "\\\\")}"`,
    ];
  }

  #comparedData(): string {
    return `${this.data(1)} ${this.#dice.pick(["=", "!="])} ${this.data(1)}`;
  }

  /** dhcpd takes no comparison of numbers in a chain, or takes what follows for numbers. */
  #comparedNumber(): string {
    const dice = this.#dice;
    if (!this.#isOfPacket)
      return `${this.#numeric(1)} ${dice.pick(["=", "!="])} ${this.#numeric(1)}`;
    return dice.chance(50)
      ? `extract-int(${this.data(0)}, 8) ${dice.pick(["=", "!="])} ${dice.pick([1, 3, 120])}`
      : `extract-int(${this.data(0)}, 16) = ${dice.pick([1, 120, 1400])}`;
  }
}
