import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { takesNamespaces, takesServiceAddress } from "../../lab/needs.ts";
import { sampleResult } from "../../reports/result/sample-result.testing.ts";
import { loadScenario } from "../options/scenario-input.ts";
import { UsageError } from "../options/usage-error.ts";
import { judgedWithDrill, preparedForPair } from "./pair-lab.ts";
import type { RunOptions } from "./run-options.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "provlab-pair-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const options: RunOptions = { target: [], report: [], set: [] } as unknown as RunOptions;

function loaded(pair: string, events = "[]", block = "127.64.0.0/10") {
  const path = join(folder, "x.yaml");
  writeFileSync(
    path,
    `schema: provlab/scenario@1
name: x
population: { cableModems: 10, cmtsCount: 1, addressBlock: ${block} }
${pair}
phases:
  - { name: one, streams: [{ exchange: discover, ratePerSecond: 10 }], duration: 1 s }
events: ${events}
`,
  );
  return loadScenario(path, []);
}

describe("what a pair cannot have is refused before anything is started", () => {
  test("a target, agents or segments beside a pair", () => {
    const scenario = loaded("pair: {}");
    const target = [{ address: 0x7f00_0001, port: 67 }];
    const prepare = (more: Partial<RunOptions>) => () =>
      preparedForPair(scenario, { ...options, ...more });
    expect(prepare({ target })).toThrow(UsageError);
    expect(prepare({ target })).toThrow(/--target: the scenario has a pair of its own/);
    expect(prepare({ agents: 2 })).toThrow(/no --agents, no --segment/);
  });

  test("programs that are missing", () => {
    vi.stubEnv("PATH", join(folder, "nothing-here"));
    expect(() => preparedForPair(loaded("pair: {}"), options)).toThrow(/^pair: .* is missing/);
  });

  test("a scenario without a pair needs none of it", () => {
    vi.stubEnv("PATH", join(folder, "nothing-here"));
    const scenario = loaded("");
    expect(preparedForPair(scenario, options)).toBe(scenario);
  });
});

test("on loopback the devices are inside 127.0.0.0/8", () => {
  const scenario = loaded("pair: { network: loopback }", "[]", "10.64.0.0/10");
  // Without etcd its absence is told first.
  expect(() => preparedForPair(scenario, options)).toThrow(/addressBlock: on loopback|is missing/);
});

test("an address moves with the service of our own pair, where there are namespaces", () => {
  const pair = { kind: "provlab", profile: "fast", network: "namespaces" } as const;
  const here = takesNamespaces(pair);
  expect(takesServiceAddress(pair)).toBe(here);
  expect(takesServiceAddress({ ...pair, serviceAddress: true })).toBe(here);
  expect(takesServiceAddress({ ...pair, serviceAddress: false })).toBe(false);
  expect(takesServiceAddress({ ...pair, network: "loopback" })).toBe(false);
  expect(takesServiceAddress({ ...pair, kind: "kea" })).toBe(false);
});

describe("the verdict of a drill", () => {
  const passed = { ...sampleResult(), verdict: "pass" as const, reasons: [] };
  const drill = { events: [], roles: [], problems: [], deaths: [] };

  test("one that was not played as planned proves nothing", () => {
    const problems = ["Event kill failed: no node is active"];
    expect(judgedWithDrill(passed, { ...drill, problems })).toMatchObject({
      ...{ verdict: "invalid", reasons: problems },
    });
    const failed = { ...passed, verdict: "fail" as const, reasons: ["Unsafe."] };
    expect(judgedWithDrill(failed, { ...drill, problems })).toMatchObject({
      ...{ verdict: "fail", reasons: ["Unsafe.", ...problems] },
    });
  });

  test("a server that ends by itself fails it", () => {
    const deaths = ["prov-a ended by itself (SIGSEGV)"];
    expect(judgedWithDrill(passed, { ...drill, deaths })).toMatchObject({
      ...{ verdict: "fail", reasons: deaths },
    });
    expect(judgedWithDrill(passed, drill)).toEqual(passed);
  });
});
