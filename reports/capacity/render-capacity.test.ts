import { expect, test } from "vitest";
import type { CapacityResult, CapacityTrial } from "./capacity-result.ts";
import { renderCapacityMarkdown, renderCapacityText, searchWords } from "./render-capacity.ts";
import { renderCapacityHtml } from "./render-capacity-html.ts";

function trial(ratePerSecond: number, unansweredShare: number): CapacityTrial {
  return {
    ...{ ratePerSecond, unansweredShare, offered: 4 * ratePerSecond },
    answered: 4 * ratePerSecond * (1 - unansweredShare),
    ...{ latencyMsP50: 1.2, latencyMsP99: 9, latencyMsP999: 30, slipMsP99: 2 },
    ...{ generatorCpuPercent: 44, generatorStarvedPercent: 1 },
    verdict: unansweredShare <= 0.025 ? "kept" : "missed",
    problems: [],
  };
}

const search = {
  end: "found",
  keptPerSecond: 12_000,
  missedPerSecond: 12_300,
  devicesBound: 80_000,
  trials: [trial(12_000, 0), trial(12_300, 0.2)],
} as const;

const result: CapacityResult = {
  schema: "provlab/capacity@1",
  scenario: { name: "headend", title: "", sha256: "0" },
  command: "prov capacity headend.yaml --set 'population.mtas=<b>'",
  seed: 1,
  startedAt: "2026-01-01T00:00:00.000Z",
  durationMs: 180_000,
  environment: {
    ...{ cpu: "", cores: 2, memoryMiB: 1, kernel: "", node: "", provlab: "", commit: "" },
    ...{ durability: "fsync", socket: "batch", workers: 1 },
  },
  target: { kind: "bundled", address: "127.0.0.1", port: 20_000 },
  devices: 80_000,
  exchange: "discover",
  rule: {
    ...{ unansweredPercentMax: 2.5, withinMs: 1000, trialMs: 4000, precisionPercent: 3 },
    repeats: 2,
  },
  verdict: "found",
  reasons: [],
  ...{ maximumPerSecond: 12_000, lowPerSecond: 11_800, highPerSecond: 12_500 },
  repeats: [search, search],
  latency: [{ sharePercent: 50, trial: trial(6000, 0) }],
  violations: 0,
};

const bound: CapacityResult = {
  ...result,
  verdict: "bound",
  reasons: ["The generator was the limit: the server keeps at least this."],
  highPerSecond: null,
};

test.each([
  [result, "12,000 discover/s, 95 % interval 11,800 to 12,500, of 2 searches"],
  [bound, ">= 12,000 discover/s, 95 % interval 11,800 to unknown, of 2 searches"],
  [{ ...bound, lowPerSecond: null }, ">= 12,000 discover/s, of one search"],
  [{ ...result, verdict: "none", maximumPerSecond: null } as const, "No rate was kept (discover)."],
])("the answer comes first", (shown, answer) => {
  expect(renderCapacityText(shown, []).split("\n")[1]).toBe(answer);
  expect(renderCapacityMarkdown(shown).split("\n")[0]).toContain(answer);
});

test.each([
  [search, "kept 12,000/s, missed 12,300/s, 2 trials: the server was the limit"],
  [
    { ...search, missedPerSecond: null, end: "rate-max" } as const,
    "kept 12,000/s, 2 trials: the hi",
  ],
  [
    { ...search, keptPerSecond: null, missedPerSecond: null, end: "time-limit" } as const,
    "kept no rate, 2 trials: no time left",
  ],
])("a search in words", (repeat, words) => {
  expect(searchWords(repeat)).toContain(words);
});

test("the text fits 80 columns and has every trial", () => {
  const lines = renderCapacityText(bound, ["runs/capacity/capacity.json"]).split("\n");
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines.filter((line) => line.endsWith("missed"))).toHaveLength(2);
  expect(lines.some((line) => line.startsWith("  50 %"))).toBe(true);
});

test("the page has the answer, the charts and nothing that is not escaped", () => {
  const assets = { chartScript: "", chartStyle: "", scriptHashes: [] };
  const page = renderCapacityHtml(result, assets);
  expect(page).toContain("<h1>12,000 discover/s, 95 % interval");
  expect(page).toContain('id="capacity-unanswered"');
  expect(page).toContain("--verdict: var(--pass)");
  expect(page).not.toContain("<b>");
});
