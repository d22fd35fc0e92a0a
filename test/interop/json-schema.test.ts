import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { Prng } from "../../base/prng.ts";
import { scenarioSchema } from "../../scenarios/language/scenario-schema.ts";

const scenarios = resolve(import.meta.dirname, "../../scenarios");
const CHANGES = 2000;
const seed = Number(process.env["PROVLAB_SEED"] ?? 20_251);

// One verdict a line: whether Python's jsonschema, an implementation of its own, accepts the document.
const validator = `
import json, sys
from jsonschema import Draft7Validator
schema = json.load(open(sys.argv[1]))
Draft7Validator.check_schema(schema)
judge = Draft7Validator(schema)
for line in sys.stdin:
    print(int(judge.is_valid(json.loads(line))))
`;

function verdicts(documents: readonly unknown[]): boolean[] {
  const input = documents.map((document) => JSON.stringify(document)).join("\n");
  const output = execFileSync("python3", ["-c", validator, `${scenarios}/scenario.schema.json`], {
    ...({ input, encoding: "utf8", maxBuffer: 16 * 1024 * 1024, timeout: 100_000 } as const),
  });
  return output
    .trim()
    .split("\n")
    .map((line) => line === "1");
}

function missing(): string | undefined {
  try {
    execFileSync("python3", ["-c", "import jsonschema"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "Python's jsonschema is not installed";
  }
}

// No duration beyond a day: that limit is one that a pattern cannot say.
const values: readonly unknown[] = [
  ...[-1, 0, 1, 1.5, 64, 70_000, 1e12, true, false, null, "", "x", "20 s", "20", "1.5h", "Ab"],
  ...["discover", "all-bound", "provlab/scenario@1", [], {}, ["a < 1"], [{}], { a: 1 }],
];

type Container = Record<string, unknown> | unknown[];

/** Every place in a document that holds a value, with the container that it is in. */
function placesOf(value: unknown): { readonly container: Container; readonly key: string }[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    { container: value as Container, key },
    ...placesOf(inner),
  ]);
}

/** All sections and fields spelled out, so that a change can reach each of them. */
const complete: unknown = {
  schema: "provlab/scenario@1",
  name: "complete",
  title: "All of it",
  seed: 1,
  workers: 2,
  population: {
    ...{ cableModems: 10, mtas: 1, cpes: 1, smartMeters: 1, cmtsCount: 2 },
    docsisVersions: { "1.0": 1, "3.1": 2 },
    addressBlock: "10.64.0.0/16",
  },
  clients: {
    retransmit: {
      ...{ firstDelay: "4 s", maxDelay: "64 s", jitter: "1 s", transmissionsMax: 5 },
      persistent: true,
    },
    ownTimers: true,
  },
  server: { leaseSeconds: 600, registered: true },
  boot: {
    tftp: {
      ...{ blockBytes: 1428, windowBlocks: 1, timeoutSeconds: 2, firstRetry: "1 s" },
      ...{ maxRetry: "16 s", triesMax: 4, roundsMax: 3 },
    },
    cmts: { rangingPerSecond: 100, registrationPerSecond: 100 },
    reboot: { firstDelay: "5 s", maxDelay: "60 s", bootsMax: 5 },
    files: { meterImageBytes: 65_536 },
  },
  network: { lossPercent: 1 },
  generator: { slipMsP99Max: 5, socketDropsMax: 0, cpuPercentMax: 95, starvedPercentMax: 10 },
  phases: [
    {
      ...{ name: "connect", duration: "20 s", timeLimit: "1 min", drain: "5 s", powerCycle: true },
      streams: [{ exchange: "discover", ratePerSecond: 5 }],
    },
    { name: "renew", until: "all-bound", streams: [{ exchange: "renew", allWithin: "5 s" }] },
    { name: "loop", duration: "2 s", streams: [{ exchange: "renew", outstanding: 5 }] },
  ],
  thresholds: ["connect.discover.completed > 1"],
};

function changed(random: Prng): unknown {
  const document: unknown = structuredClone(complete);
  const places = placesOf(document);
  const { container, key } = places[random.nextBelow(places.length)];
  const choice = random.nextBelow(values.length + 2);
  if (choice < values.length) Reflect.set(container, key, structuredClone(values[choice]));
  else if (choice === values.length && !Array.isArray(container)) delete container[key];
  else Reflect.set(container, `${key}x`, 1);
  return document;
}

describeUnless(missing(), "the published JSON Schema, judged by Python's jsonschema", () => {
  test("accepts the shipped scenarios, variables and files that include", () => {
    const shipped = readdirSync(scenarios)
      .filter((name) => name.endsWith(".yaml"))
      .map((name) => parse(readFileSync(`${scenarios}/${name}`, "utf8")) as unknown);
    expect(verdicts([...shipped, complete]).every((accepted) => accepted)).toBe(true);
    const rate = (ratePerSecond: unknown) => ({
      include: "common.yaml",
      phases: [{ name: "a", duration: "1 s", streams: [{ exchange: "renew", ratePerSecond }] }],
    });
    expect(verdicts([rate(`\${RATE}`), rate(`\${RATE:-5}`), rate("fast")])).toEqual([
      ...[true, true, false],
    ]);
  });

  test(`says of ${CHANGES} changed scenarios what the reader says (seed ${seed})`, () => {
    const random = new Prng(seed, 1);
    // Without `include`: what is missing here is missing.
    const documents = Array.from({ length: CHANGES }, () => changed(random));
    const expected = documents.map((document) => scenarioSchema.safeParse(document).success);
    expect(expected.filter((accepted) => accepted).length).toBeGreaterThan(CHANGES / 20);
    const found = verdicts(documents);
    const differing = documents.filter((_, index) => found[index] !== expected[index]);
    expect(differing.slice(0, 3)).toEqual([]);
  });
});
