import { expect, test } from "vitest";
import { PersonaRoll } from "../population/personas.ts";
import { Population } from "../population/population.ts";
import { smallScenario } from "../small-scenario.testing.ts";
import { readScenario, readWholeScenario } from "./scenario-file.ts";

const persona = `schema: provlab/persona@1
name: box
retransmit: [1500 ms, 3 s]
messages:
  discover:
    flags: 0x8000
    length: 300
    options:
      - { code: 53, value: "01" }
      - { code: 61, value: "01 {mac}" }
`;
const files: Readonly<Record<string, string>> = {
  "lab/box.yaml": persona,
  "lab/bad.yaml": persona.replace("{mac}", "{mak}"),
};

const read = (personas: string) =>
  readScenario(
    "lab/x.yaml",
    smallScenario({
      population: "{ cableModems: 100, smartMeters: 50, cmtsCount: 2 }",
      more: [`personas: ${personas}`],
    }),
    [],
    {
      variables: {},
      open: (name, from) => {
        const file = `${from.slice(0, from.lastIndexOf("/") + 1)}${name}`;
        const text = files[file];
        return text === undefined
          ? { kind: "failed", reason: "there is no such file" }
          : { kind: "ok", file, text };
      },
    },
  );

test("captured devices are a share or a count, and their file is part of the scenario", () => {
  const reading = read(
    "[{ kind: captured, file: box.yaml, percent: 10 }, { kind: captured, file: box.yaml, count: 7, of: smart-meter }]",
  );
  expect(reading).toMatchObject({ kind: "ok", dependencies: { includedTexts: [persona] } });
  if (reading.kind !== "ok") return;
  const { personas, population } = reading.scenario;
  const retransmit = [1500, 3000];
  expect(personas).toMatchObject([
    { kind: "captured", percent: 10, captured: { name: "box", retransmit } },
    { kind: "captured", percent: 0, count: 7, of: "smart-meter", captured: { name: "box" } },
  ]);
  const roll = new PersonaRoll(personas, new Population(population), 1);
  expect(roll.devicesOf).toEqual([15, 7]);
});

test("they come along when the scenario goes to another machine", () => {
  const reading = read("[{ kind: captured, file: box.yaml, percent: 10 }]");
  if (reading.kind === "failed") throw new Error("the scenario is wrong");
  const { whole, scenario } = reading;
  expect(whole.personas).toEqual({ "box.yaml": persona });
  expect(readWholeScenario("the scenario", whole)).toMatchObject({ kind: "ok", scenario });
  const without = readWholeScenario("the scenario", { ...whole, personas: {} });
  expect(JSON.stringify(without)).toMatch(/box.yaml: did not come with the scenario/);
});

test.each([
  ["a file that is not there", "{ kind: captured, file: none.yaml, percent: 1 }", /no such file/],
  [
    "a file that is no persona",
    "{ kind: captured, file: bad.yaml, percent: 1 }",
    /\{mak\}.*stands/,
  ],
  ["no file", "{ kind: captured, percent: 1 }", /needs a file/],
  ["a file for another kind", "{ kind: impatient, file: box.yaml, percent: 1 }", /only captured/],
  ["neither percent nor count", "{ kind: impatient }", /percent or count/],
  ["both", "{ kind: impatient, percent: 1, count: 2, of: mta }", /percent or count/],
  ["a count of nobody", "{ kind: impatient, count: 2 }", /no kind of device/],
  ["more than there are", "{ kind: impatient, count: 51, of: smart-meter }", /51 of 50/],
] as const)("refuses %s", (_, entry, message) => {
  const reading = read(`[${entry}]`);
  expect(reading.kind).toBe("failed");
  expect(JSON.stringify(reading)).toMatch(message);
});
