import { describe, expect, test } from "vitest";
import { formatFileProblem } from "../yaml/problems.ts";
import { readScenario } from "./scenario-file.ts";

const scenarioWith = (stream: string, end = "duration: 1 min", thresholds = "[]"): string => `
schema: provlab/scenario@1
name: x
population: { cableModems: 100, cmtsCount: 1 }
phases:
  - name: load
    streams:
      - { ${stream} }
      - { exchange: rebind, ratePerSecond: 1, for: 1 s }
    ${end}
thresholds: ${thresholds}
`;

function read(...args: Parameters<typeof scenarioWith>) {
  const reading = readScenario("x.yaml", scenarioWith(...args));
  if (reading.kind === "ok") return { scenario: reading.scenario, problems: [] };
  return { scenario: undefined, problems: reading.problems.map(formatFileProblem) };
}

const flat = (rate: number, durationMs: number) => ({
  fromPerSecond: rate,
  toPerSecond: rate,
  durationMs,
});

describe("an executor", () => {
  const cases: readonly (readonly [string, object])[] = [
    ["ratePerSecond: 3, arrivals: poisson", { kind: "rate", arrivals: "poisson" }],
    [
      "ramp: { to: 500, over: 30 s }",
      { kind: "profile", stages: [{ fromPerSecond: 0, toPerSecond: 500, durationMs: 30_000 }] },
    ],
    [
      "ramp: [{ from: 10, to: 500, over: 1 s }, { to: 500, over: 2 s }, { to: 0, over: 3 s }]",
      {
        kind: "profile",
        stages: [
          { fromPerSecond: 10, toPerSecond: 500, durationMs: 1000 },
          { fromPerSecond: 500, toPerSecond: 500, durationMs: 2000 },
          { fromPerSecond: 500, toPerSecond: 0, durationMs: 3000 },
        ],
      },
    ],
    [
      "steps: { from: 100, by: 50, every: 10 s, count: 3 }",
      { kind: "profile", stages: [100, 150, 200].map((rate) => flat(rate, 10_000)) },
    ],
    [
      "untilBreakage: { from: 500, factor: 2, every: 5 s, count: 3 }",
      {
        kind: "profile",
        stages: [500, 1000, 2000].map((rate) => flat(rate, 5000)),
        missedPercentMax: 2.5,
      },
    ],
    [
      "burst: { size: 500, every: 10 s }",
      { kind: "burst", size: 500, everyMs: 10_000, count: Number.POSITIVE_INFINITY },
    ],
    [
      "allWithin: 10 s, startAfter: 2 s",
      { kind: "all-within", allWithinMs: 10_000, startAfterMs: 2000 },
    ],
  ];
  test.each(cases)("%s", (text, expected) => {
    const { scenario, problems } = read(`exchange: renew, ${text}`);
    expect(problems).toEqual([]);
    expect(scenario!.phases[0].streams[0]).toMatchObject({ exchange: "renew", ...expected });
  });

  test("churn says who comes back, when, and with what farewell", () => {
    const { scenario } = read(
      "exchange: boot, churn: { perSecond: 5, offFor: { min: 1 s, max: 3 s }, leave: release }",
    );
    expect(scenario!.phases[0].streams[0]).toEqual({
      ...{ kind: "churn", exchange: "boot", perSecond: 5, leave: "release" },
      ...{ offForMs: { min: 1000, max: 3000 } },
    });
  });

  test("of a rate that rises without end stops at a million a second", () => {
    const { scenario } = read("exchange: renew, untilBreakage: { from: 500000, every: 1 s }");
    const [stream] = scenario!.phases[0].streams;
    expect(stream!.kind === "profile" && stream.stages.length).toBe(4);
  });

  const mistakes: readonly (readonly [string, RegExp])[] = [
    ["exchange: renew, ratePerSecond: 1, ramp: { to: 5, over: 1 s }", /needs exactly one of/],
    ["exchange: renew, ramp: { to: 5, over: soon }", /write \{ from: 0, to: 500, over: 30 s \}/],
    ["exchange: renew, ramp: { to: 0, over: 1 s }", /never has a rate above 0/],
    ["exchange: renew, steps: { from: 9, by: -5, every: 1 s, count: 3 }", /ends at -1\/s/],
    ["exchange: renew, burst: { size: 5, every: 0 s }", /longer than 0 s/],
    ["exchange: renew, churn: { perSecond: 1, offFor: 1 s }", /churn is about how devices/],
    [
      "exchange: discover, churn: { perSecond: 1, offFor: { min: 3 s, max: 1 s } }",
      /a min above its max/,
    ],
    ["exchange: renew, outstanding: 5, arrivals: poisson", /goes with a rate/],
    ["exchange: discover, allWithin: 5 s, for: 1 s", /says itself how long it lasts/],
    ["exchange: renew, ratePerSecond: 1, startAfter: 1 min", /when the phase is over already/],
    ["exchange: rebind, ratePerSecond: 1", /second rebind stream: join the two\n {2}hint: .*name/],
  ];
  test.each(mistakes)("%s is refused", (text, expected) => {
    const { problems } = read(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(expected);
  });
});

describe("a phase", () => {
  test("whose streams all end by themselves lasts as long as the longest", () => {
    const ending =
      "exchange: renew, startAfter: 2 s, steps: { from: 1, by: 1, every: 3 s, count: 2 }";
    const { scenario } = read(ending, "drain: 1 s");
    expect(scenario!.phases[0].until).toEqual({ durationMs: 8000 });
    expect(read("exchange: renew, ratePerSecond: 1", "drain: 1 s").problems[0]).toMatch(
      /needs exactly one of `duration: 20 s`/,
    );
  });

  test("may have two streams of one exchange, by name, and thresholds call them so", () => {
    const named = "exchange: rebind, name: late, ratePerSecond: 1";
    const good = '["load.late.timeouts == 0", "load.rebind.naks == 0"]';
    expect(read(named, "duration: 1 min", good).problems).toEqual([]);
    expect(read(named, "duration: 1 min", '["load.renew.naks == 0"]').problems[0]).toMatch(
      /has no renew stream, only late, rebind/,
    );
  });
});

describe("a threshold that ends the run", () => {
  const of = (threshold: string) =>
    read("exchange: renew, ratePerSecond: 1", "duration: 1 min", `[${threshold}]`);

  test("has a time of grace", () => {
    const { scenario } = of(
      "{ metric: load.renew.latencyMs.p99 < 10, abortOnFail: true, grace: 10 s }",
    );
    expect(scenario!.thresholds[0]).toMatchObject({ bound: 10, graceMs: 10_000 });
    expect(of("{ metric: load.renew.naks == 0 }").scenario!.thresholds[0]).not.toHaveProperty(
      "graceMs",
    );
  });

  test.each([
    ["{ metric: timeToBoundMs.all.p99 < 5, abortOnFail: true }", /goes with a metric of a phase/],
    ["{ metric: nonsense, abortOnFail: true }", /write METRIC OPERATOR NUMBER/],
    ["{ abortOnFail: true }", /write a line, or \{ metric/],
  ])("%s is refused", (text, expected) => {
    expect(of(text).problems[0]).toMatch(expected);
  });
});
