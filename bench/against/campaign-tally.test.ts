import { expect, test } from "vitest";
import { remaining, type Trial, tallies, tallyTable } from "./campaign-tally.ts";

const trial = (changes: Partial<Trial>): Trial => ({
  ...{ kind: "aa", number: 0, verdict: "same", cpuEffect: 0.001, effects: {}, blocks: 10 },
  durationMs: 90_000,
  ...changes,
});

test("what is left, with both kinds from the beginning", () => {
  const left = remaining({ aa: 4, slow: 2 }, [trial({ number: 1 })]);
  expect(left.map(({ kind, number }) => `${kind} ${number}`)).toEqual([
    ...["aa 0", "slow 0", "aa 2", "aa 3", "slow 1"],
  ]);
  expect(remaining({ aa: 1, slow: 0 }, [trial({})])).toEqual([]);
});

test("counts verdicts by kind", () => {
  const done = [
    trial({}),
    trial({ number: 1, verdict: "undecided", durationMs: 170_400 }),
    trial({ kind: "slow", verdict: "regressed", cpuEffect: 0.051 }),
  ];
  expect(tallies(done)[0]).toMatchObject({
    ...{ kind: "aa", trials: 2, durationMsMax: 170_400 },
    verdicts: { improved: 0, same: 1, regressed: 0, undecided: 1 },
  });
  expect(tallyTable(done, 5)).toContain(
    "| 5 % more processor time | 1 | 0 | 0 | 1 | 0 | 5.1 % | 90 s |",
  );
  expect(tallies([])).toEqual([]);
});
