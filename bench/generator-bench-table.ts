import {
  type FixedSample,
  fixedOf,
  type GeneratorBenchResult,
  type GeneratorName,
  maximumOf,
  starvedPercentOf,
} from "./generator-bench-result.ts";

const generators: readonly GeneratorName[] = ["provlab", "perfdhcp"];

/** Above this the figures are those of a busy machine. */
const STARVED_PERCENT_MAX = 3;

/** The result as two Markdown tables, with what they rest on below. */
export function generatorBenchTable(result: GeneratorBenchResult): string {
  const { plan, environment } = result;
  const names = generators.filter((name) => result.maximum.some((each) => each.generator === name));
  return [
    "| at its maximum | DORA/s | spread | ratio to perfdhcp | responder's CPU |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...names.map((name) => maximumRow(result, name)),
    "",
    `| at ${count(plan.fixedPerSecond)}/s for ${plan.fixedSeconds} s | sent/s | rate error | completed | slip p99 | CPU |`,
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...names.map((name) => fixedRow(result, name)),
    "",
    `${plan.rounds} round${plan.rounds === 1 ? "" : "s"}, in turns; median and spread. perfdhcp ` +
      `${result.perfdhcp ?? "is not installed"}; of its modes (as fast as it can, with one thread and ` +
      "with several, and fixed rates) the best one of each round counts.",
    "The responder keeps no state and answers in batches; it is a process of its own" +
      (result.processors === undefined
        ? ", on whatever processor was free."
        : ", on one processor, the generator on another."),
    ...(starvedPercentOf(result) > STARVED_PERCENT_MAX
      ? [
          `NOT VALID: other programs had the generator's processor for up to ` +
            `${starvedPercentOf(result).toFixed(0)} % of the time. Stop them and measure again.`,
        ]
      : []),
    "≥: the responder was the limit, so that the generator may be faster.",
    `${environment.cpu}, ${environment.cores} cores, Linux ${environment.kernel}, Node ${environment.node}.`,
    "",
  ].join("\n");
}

function maximumRow(result: GeneratorBenchResult, name: GeneratorName): string {
  const own = maximumOf(result, name);
  const peer = maximumOf(result, "perfdhcp");
  if (own === undefined) return row([name, "not measured", "", "", ""]);
  return row([
    name,
    `${own.isResponderLimited ? "≥ " : ""}${count(own.median)}`,
    `${count(own.lowest)}–${count(own.highest)}`,
    peer === undefined ? "" : (own.median / peer.median).toFixed(2),
    `${own.responderCpuPercent.toFixed(0)} %`,
  ]);
}

function fixedRow(result: GeneratorBenchResult, name: GeneratorName): string {
  const figure = (read: (sample: FixedSample) => number | undefined): number | undefined =>
    fixedOf(result, name, read);
  const sent = figure(({ sentPerSecond }) => sentPerSecond) ?? 0;
  const { fixedPerSecond } = result.plan;
  const error = (100 * (sent - fixedPerSecond)) / fixedPerSecond;
  const slip = figure(({ slipMsP99 }) => slipMsP99);
  const cpu = figure(({ cpuPercent }) => cpuPercent);
  return row([
    name,
    count(sent),
    `${error.toFixed(3)} %`,
    `${(100 * (figure(({ completedShare }) => completedShare) ?? 0)).toFixed(2)} %`,
    slip === undefined ? "not said" : `${(1000 * slip).toFixed(0)} µs`,
    cpu === undefined ? "not said" : `${cpu.toFixed(0)} %`,
  ]);
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
