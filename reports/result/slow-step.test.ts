import { describe, expect, test } from "vitest";
import { LatencyHistogram } from "../../base/histogram.ts";
import { slowStepLines } from "../text/slow-step-lines.ts";
import { type Distribution, distributionOf } from "./distribution.ts";
import type { BootResult, BootStepResult } from "./run-result.ts";
import { sampleBootResult } from "./sample-boot-result.testing.ts";
import { slowStepsOf } from "./slow-step.ts";

/** A hundred boots, of which the last few took longer. */
function spans(usualMs: number, slowMs = usualMs, slow = 0): Distribution {
  const histogram = new LatencyHistogram();
  for (let boot = 0; boot < 100; boot += 1) histogram.recordMs(boot < slow ? slowMs : usualMs);
  return distributionOf(histogram);
}

const step = (name: string, durationMs: Distribution, passedOver = 0): BootStepResult => {
  return { kind: "cable-modem", step: name, durationMs, startMeanMs: 0, passedOver };
};

const { boot } = sampleBootResult().phases[0]!;
const bootOf = (online: Distribution, ...steps: readonly BootStepResult[]): BootResult => {
  return { ...boot!, timeToOnlineMs: { "cable-modem": online }, steps };
};

describe("the slowest step", () => {
  test("is named where it took at least half of the median", () => {
    const slow = bootOf(
      spans(7010),
      step("dhcp", spans(5)),
      step("time", spans(7000), 100),
      step("tftp", spans(3)),
    );
    expect(slowStepsOf(slow)).toMatchObject([
      { kind: "cable-modem", percentile: "p50", step: "time", boots: 100, passedOver: 100 },
    ]);
    const phases = [{ ...sampleBootResult().phases[0]!, name: "connect", boot: slow }];
    expect(slowStepLines({ phases })).toEqual([
      "connect, cable-modem: p50 7.0 s: 7.0 s of it Time, which 100 of 100 boots went on without",
    ]);
  });

  test("is that of the p99 where the median is not slow", () => {
    const slow = bootOf(
      spans(9, 4010, 3),
      step("dhcp", spans(4, 4000, 3)),
      step("tftp", spans(5, 9, 3)),
    );
    expect(slowStepsOf(slow)).toMatchObject([{ percentile: "p99", step: "dhcp", passedOver: 0 }]);
  });

  test("of a quick boot is nobody's business", () => {
    expect(slowStepsOf(bootOf(spans(900), step("dhcp", spans(890))))).toEqual([]);
  });

  test("is none where no step took half of it", () => {
    const even = bootOf(spans(9000), ...["dhcp", "time", "tftp"].map((s) => step(s, spans(3000))));
    expect(slowStepsOf(even)).toEqual([]);
    expect(slowStepsOf(bootOf(spans(9000)))).toEqual([]);
  });
});
