import {
  fixedOf,
  type GeneratorBenchResult,
  type GeneratorName,
  type LoadSample,
  type MaximumSummary,
  maximumOf,
  medianOf,
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
    `| at its maximum | DORA/s | spread | ratio to perfdhcp | ${loadHeads} | limit |`,
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ...names.map((name) => maximumRow(result, name)),
    "",
    `| at ${count(plan.fixedPerSecond)}/s for ${plan.fixedSeconds} s | sent/s | rate error | slip p99 | ${loadHeads} |`,
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
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
    "Limit: the responder where it was busy all the time or lost packets, so that the generator may be " +
      "faster (≥). Late replies: of exchanges that perfdhcp had given up after a second. In the kernel: of " +
      "the generator's own processor time from its start, above all for receiving and sending.",
    `${environment.cpu}, ${environment.cores} cores, Linux ${environment.kernel}, Node ${environment.node}.`,
    "",
  ].join("\n");
}

const loadHeads = "completed | late replies | CPU | in the kernel | responder's CPU";

function maximumRow(result: GeneratorBenchResult, name: GeneratorName): string {
  const own = maximumOf(result, name);
  if (own === undefined) return row([name, "not measured"]);
  return row([
    name,
    `${own.isResponderLimited ? "≥ " : ""}${count(own.median)}`,
    `${count(own.lowest)}–${count(own.highest)}`,
    name === "perfdhcp" ? "1.00" : ratioOf(own, maximumOf(result, "perfdhcp")),
    ...loadCells(own.samples),
    own.isResponderLimited ? "the responder" : "itself",
  ]);
}

/** Where the responder limited one of the two, the quotient is a bound; where both, it is open. */
function ratioOf(own: MaximumSummary, peer: MaximumSummary | undefined): string {
  if (peer === undefined) return "";
  const quotient = (own.median / peer.median).toFixed(2);
  if (own.isResponderLimited && peer.isResponderLimited) return "open";
  if (own.isResponderLimited) return `≥ ${quotient}`;
  return `${peer.isResponderLimited ? "≤ " : ""}${quotient}`;
}

function fixedRow(result: GeneratorBenchResult, name: GeneratorName): string {
  const samples = fixedOf(result, name);
  const sent = medianOf(samples, ({ sentPerSecond }) => sentPerSecond);
  if (sent === undefined) return row([name, "not measured"]);
  const { fixedPerSecond } = result.plan;
  const error = (100 * (sent - fixedPerSecond)) / fixedPerSecond;
  const slip = medianOf(samples, ({ slipMsP99 }) => slipMsP99);
  return row([
    ...[name, count(sent), `${error.toFixed(3)} %`],
    slip === undefined ? "not said" : `${(1000 * slip).toFixed(0)} µs`,
    ...loadCells(samples),
  ]);
}

function loadCells(samples: readonly LoadSample[]): readonly string[] {
  const figure = (
    read: (sample: LoadSample) => number | undefined,
    text: (value: number) => string,
  ): string => {
    const value = medianOf(samples, read);
    return value === undefined ? "not said" : text(value);
  };
  return [
    figure(
      ({ completedShare }) => 100 * completedShare,
      (value) => `${value.toFixed(2)} %`,
    ),
    figure(({ lateReplies }) => lateReplies, count),
    figure(({ cpuPercent }) => cpuPercent, percent),
    figure(({ kernelPercent }) => kernelPercent, percent),
    figure(({ responderCpuPercent }) => responderCpuPercent, percent),
  ];
}

function percent(value: number): string {
  return `${value.toFixed(0)} %`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
