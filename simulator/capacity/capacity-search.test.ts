import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hash32 } from "../../base/prng.ts";
import { type CapacityPlan, CapacitySearch, type TrialSummary } from "./capacity-search.ts";
import { repeatedMaximum } from "./repeat-interval.ts";

const plan: CapacityPlan = {
  firstRate: 1000,
  rateMin: 10,
  rateMax: 200_000,
  growth: 1.5,
  precision: 1.03,
  trialsMax: 60,
  unansweredShareMax: 0.025,
};

type Server = (rate: number, trial: number) => TrialSummary;

function play(
  server: Server,
  changes: Partial<CapacityPlan> = {},
): { readonly search: CapacitySearch; readonly trials: number } {
  const search = new CapacitySearch({ ...plan, ...changes });
  let trials = 0;
  for (let rate = search.nextRate(); rate !== undefined; rate = search.nextRate()) {
    search.record(server(rate, trials));
    trials += 1;
  }
  return { search, trials };
}

function judged(unansweredShare: number): TrialSummary {
  const verdict = unansweredShare <= plan.unansweredShareMax ? "kept" : "missed";
  return { verdict, unansweredShare };
}

const limited: TrialSummary = { verdict: "generator-limited", unansweredShare: 0 };

/** What is above the limit goes unanswered. */
const soft = (limit: number) => (rate: number) => judged(Math.max(0, (rate - limit) / rate));
/** Above the limit most of the work is for nothing. */
const collapsing = (limit: number) => (rate: number) => judged(rate <= limit ? 0 : 0.5);
/** Some is lost long before the limit, more and more of it. */
const gradual = (limit: number) => (rate: number) => judged(0.025 * (rate / limit) ** 4);

const rates = fc.integer({ min: 60, max: 120_000 });

describe("the search for a server's capacity", () => {
  test.each([
    ["soft", soft, 1 / 0.975],
    ["collapsing", collapsing, 1],
    ["gradual", gradual, 1],
  ] as const)(
    "finds a %s limit to within 5 % in a bounded number of trials",
    (_, server, factor) => {
      fc.assert(
        fc.property(rates, rates, (limit, firstRate) => {
          const { search, trials } = play(server(limit), { firstRate });
          expect(search.end).toBe("found");
          const truth = limit * factor;
          // Whole rates are coarser than 5 % where there are few of them.
          expect(search.maximum!).toBeGreaterThanOrEqual(truth / 1.05 - 1);
          expect(search.maximum!).toBeLessThanOrEqual(truth * 1.001);
          expect(trials).toBeLessThanOrEqual(40);
        }),
      );
    },
  );

  test("a maximum below the limit is never claimed on one trial alone", () => {
    const tried = new Map<number, number>();
    const { search } = play((rate) => {
      tried.set(rate, (tried.get(rate) ?? 0) + 1);
      return collapsing(1010)(rate);
    });
    expect(search.maximum).toBe(1000);
    expect(tried.get(1000)).toBe(3);
  });

  test("a maximum that its second and third trial do not confirm is taken back", () => {
    let atFirst = 0;
    const { search } = play((rate) => {
      if (rate !== 1000) return collapsing(900)(rate);
      atFirst += 1;
      return judged(atFirst === 1 ? 0 : 0.4);
    });
    // Once on the way up, and the two that agree on the opposite.
    expect(atFirst).toBe(3);
    expect(search.end).toBe("found");
    expect(search.maximum!).toBeLessThanOrEqual(900);
    expect(search.maximum!).toBeGreaterThanOrEqual(900 / 1.05);
  });

  test("disturbed trials in between leave three repeats within 5 % nearly always", () => {
    const tries = 400;
    let inside = 0;
    for (let seed = 1; seed <= tries; seed += 1) {
      const limit = 500 + (hash32(seed, 1, 0) % 40_000);
      // One trial in twenty is spoilt, and what the server can do varies by 1 % either way.
      const server = (repeat: number): Server => {
        return (rate, trial) => {
          if (hash32(seed, 2, 100 * repeat + trial) % 20 === 0) return judged(0.3);
          const factor = 0.99 + (0.02 * hash32(seed, 3, 100 * repeat + trial)) / 2 ** 32;
          return collapsing(limit * factor)(rate);
        };
      };
      const repeats = [1, 2, 3].map((repeat) => play(server(repeat)).search);
      const { maximumPerSecond } = repeatedMaximum(
        repeats.map(({ maximum, lowestMissed }) => ({
          keptPerSecond: maximum!,
          missedPerSecond: lowestMissed,
        })),
      );
      if (Math.abs(maximumPerSecond / limit - 1) <= 0.05) inside += 1;
    }
    expect(inside / tries).toBeGreaterThan(0.95);
  });

  test("a generator that is the limit gives a bound; one disturbance of it does not", () => {
    const bound = play((rate) => (rate > 5000 ? limited : judged(0))).search;
    expect([bound.end, bound.maximum! <= 5000, bound.maximum! > 4700]).toEqual([
      "generator",
      true,
      true,
    ]);
    let disturbed = false;
    const found = play((rate) => {
      if (!disturbed && rate > 2000) {
        disturbed = true;
        return limited;
      }
      return collapsing(4000)(rate);
    }).search;
    expect([disturbed, found.end]).toEqual([true, "found"]);
    expect(found.maximum!).toBeGreaterThan(3800);
  });

  test("three trials that all differ count as missed", () => {
    const answers = [judged(0.02), judged(0.1), limited];
    const search = new CapacitySearch(plan);
    for (const answer of answers) search.record(answer);
    expect(search.lowestMissed).toBe(1000);
  });

  test("ends, whatever the trials say", () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(2)), fc.integer({ min: 1, max: 60 }), (said, most) => {
        const answers = [judged(0), judged(0.3), limited];
        const { search, trials } = play(() => answers[said.next().value!], { trialsMax: most });
        expect(trials).toBeLessThanOrEqual(most);
        expect(search.end).toBeDefined();
        expect(search.nextRate()).toBeUndefined();
        search.record(judged(0));
        expect(search.nextRate()).toBeUndefined();
      }),
    );
  });
});
