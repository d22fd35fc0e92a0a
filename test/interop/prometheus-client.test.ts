import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { renderExposition } from "../../server/metrics/exposition.ts";
import { everyFamily } from "../../server/metrics/sample-families.testing.ts";
import { otherFamilies } from "../loopback/metric-families.testing.ts";

// Every metric as Prometheus' own Python client reads it.

const python = "/usr/bin/python3";
const hasParser = spawnSync(python, ["-c", "import prometheus_client"]).status === 0;
const missing = hasParser ? undefined : "not installed: python3-prometheus-client";

const program = `
import sys
from prometheus_client.parser import text_string_to_metric_families as parse
for family in parse(sys.stdin.read()):
    for sample in family.samples:
        print(family.type, sample.name, sorted(sample.labels.items()), sample.value)
`;

describeUnless(missing, "the parser of Prometheus' own Python client", () => {
  test("reads every sample", () => {
    const input = renderExposition([...everyFamily(), ...otherFamilies()]);
    const read = spawnSync(python, ["-c", program], { input, encoding: "utf8" });
    expect(read.stderr).toBe("");
    const lines = read.stdout.trimEnd().split("\n");
    const samples = input.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(lines).toHaveLength(samples.length);
    expect(new Set(lines.map((line) => line.split(" ")[0]))).toEqual(
      new Set(["counter", "gauge", "histogram"]),
    );
    expect(read.stdout).toContain(String.raw`('network', 'net "1"\\\n')`);
  });
});
