import { describe, expect, test } from "vitest";
import { flag, listOf, oneOf, parseOptions, wholeNumber } from "./cli-options.ts";

const options = {
  quick: flag(),
  only: listOf("suite", ["rate", "cold"]),
  subject: oneOf("subject", ["dhcp", "tftp"]),
  rounds: wholeNumber({ min: 1, max: 9 }, undefined),
  seed: wholeNumber({ min: 0, max: 100 }, 7),
};

describe("the options of a bench", () => {
  test.each([
    ["", { quick: false, only: undefined, subject: undefined, rounds: undefined, seed: 7 }],
    ["--quick --rounds 3", { quick: true, rounds: 3 }],
    ["--only cold,rate --seed 0", { only: ["cold", "rate"], seed: 0 }],
    ["--only=rate --subject tftp", { only: ["rate"], subject: "tftp" }],
  ])("%j", (line, expected) => {
    expect(parseOptions(line.split(" ").filter(Boolean), options)).toMatchObject(expected);
  });

  test.each([
    ["--rounds 0", "--rounds 0: give a whole number from 1 to 9"],
    ["--rounds 10", "from 1 to 9"],
    ["--rounds 1e0", "--rounds 1e0"],
    ["--seed=-1", "--seed -1"],
    ["--only rate,warm", '--only: there is no suite "warm"; there are rate, cold'],
    ["--only rate,", 'there is no suite ""'],
    ["--subject ntp", 'there is no subject "ntp"'],
    ["--slow", "--slow"],
    ["--quick=yes", "--quick"],
    ["more", "more"],
  ])("%j is refused: %s", (line, message) => {
    expect(() => parseOptions(line.split(" "), options)).toThrow(message);
  });

  test("an empty value is refused, not taken for one left out", () => {
    for (const name of ["rounds", "only", "subject", "seed"]) {
      expect(() => parseOptions([`--${name}=`], options)).toThrow(`--${name}`);
    }
  });
});
