import type { Distribution, RunResult, StreamResult } from "../result/run-result.ts";
import { violationsOf } from "../result/safety.ts";

type Labels = Readonly<Record<string, string>>;
/** The name's ending (`_total`, `_sum` ...), the labels and the value. */
type Sample = readonly [suffix: string, labels: Labels, value: number];

interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "info" | "stateset" | "summary";
  /** The name ends in it (OpenMetrics 1.0, "Unit"). */
  readonly unit?: "seconds" | "bytes" | "ratio";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/**
 * The result as OpenMetrics 1.0 text, for a push gateway or a time series of runs: seconds and bytes,
 * with labels for phase, exchange and kind; latencies are summaries with quantiles.
 */
export function renderOpenMetrics(result: RunResult): string {
  const families = [
    ...runFamilies(result),
    ...streamFamilies(result),
    ...verdictFamilies(result),
    ...machineFamilies(result),
  ].filter(({ samples }) => samples.length > 0);
  return `${families.map(familyText).join("\n")}\n# EOF\n`;
}

function familyText({ name, type, unit, help, samples }: Family): string {
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escaped(help)}`,
    ...samples.map(([suffix, labels, value]) => `${name}${suffix}${labelText(labels)} ${value}`),
  ].join("\n");
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  // A lone half of a surrogate pair is no UTF-8.
  return text
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replace(/\r?\n|\r/g, "\\n");
}

function runFamilies(result: RunResult): Family[] {
  const { scenario, seed, environment, target, population, verdict } = result;
  const { durability, provlab, commit, cpu, kernel, node, socket } = environment;
  const labels = {
    scenario: scenario.name,
    sha256: scenario.sha256,
    seed: String(seed),
    target: target.kind,
    ...{ durability, socket, provlab, commit, cpu, kernel, node },
  };
  const name = "provlab_run_verdict";
  return [
    info("provlab_run", "What was run, and on what.", labels),
    {
      name,
      type: "stateset",
      help: "The verdict on the run.",
      samples: (["pass", "fail", "invalid"] as const).map((state) => [
        "",
        { [name]: state },
        state === verdict ? 1 : 0,
      ]),
    },
    gauge("provlab_run_start_timestamp_seconds", "seconds", "When the run began, in Unix time.", [
      [{}, Date.parse(result.startedAt) / 1000],
    ]),
    gauge("provlab_run_duration_seconds", "seconds", "How long the run took.", [
      [{}, result.durationMs / 1000],
    ]),
    gauge(
      "provlab_devices",
      undefined,
      "Simulated devices by kind.",
      Object.entries(population.byKind).map(([kind, devices]) => [{ kind }, devices]),
    ),
  ];
}

const outcomes = [
  ["offered", "Transactions that the schedule asked for."],
  ["sent", "Transactions that were begun."],
  ["completed", "Transactions that came to their end."],
  ["timeouts", "Transactions that nobody answered in time."],
  ["retransmissions", "Messages that were sent again."],
  ["naks", "Refusals by the server."],
] as const;

const spansOfStreams = [
  ["latency", "latencyMs", "From the intended send time to the end of the transaction."],
  ["service", "serviceMs", "From the real send time to the end of the transaction."],
  ["slip", "slipMs", "How late the generator itself sent."],
] as const;

function streamFamilies({ phases, timeToBoundMs, timeToOnlineMs = {} }: RunResult): Family[] {
  const streams = phases.flatMap(({ name, streams: all }) =>
    all.map((stream) => ({ labels: labelsOf(name, stream), stream })),
  );
  const ofKinds = (spans: Readonly<Record<string, Distribution>>): [Labels, Distribution][] =>
    Object.entries(spans).map(([kind, each]) => [{ kind }, each]);
  return [
    ...outcomes.map(([what, help]) =>
      counter(
        `provlab_transactions_${what}`,
        help,
        streams.map(({ labels, stream }) => [labels, stream[what]]),
      ),
    ),
    gauge(
      "provlab_offered_per_second",
      undefined,
      "Transactions a second that the schedule asked for.",
      streams.flatMap(({ labels, stream: { offeredPerSecond } }) =>
        offeredPerSecond === null ? [] : [[labels, offeredPerSecond]],
      ),
    ),
    gauge(
      "provlab_achieved_per_second",
      undefined,
      "Transactions a second that came to their end.",
      streams.map(({ labels, stream }) => [labels, stream.achievedPerSecond]),
    ),
    ...spansOfStreams.flatMap(([name, field, help]) =>
      spansFamilies(
        `provlab_${name}`,
        help,
        streams.map(({ labels, stream }) => [labels, stream[field]]),
      ),
    ),
    ...spansFamilies("provlab_time_to_bound", "To the first lease.", ofKinds(timeToBoundMs)),
    ...spansFamilies("provlab_time_to_online", "To on line.", ofKinds(timeToOnlineMs)),
  ];
}

/** Two streams of one exchange have names that tell them apart. */
function labelsOf(phase: string, { exchange, name }: StreamResult): Labels {
  return { phase, exchange, ...(name === undefined ? {} : { stream: name }) };
}

/** A summary, and its maximum as a gauge: a quantile of 1 would be one, but few tools show it. */
function spansFamilies(
  name: string,
  help: string,
  spans: readonly (readonly [Labels, Distribution])[],
): Family[] {
  const measured = spans.filter(([, { count }]) => count > 0);
  return [
    {
      name: `${name}_seconds`,
      type: "summary",
      unit: "seconds",
      help,
      samples: measured.flatMap(([labels, { p50, p90, p99, p999, mean, count }]) => [
        ...(
          [
            ["0.5", p50],
            ["0.9", p90],
            ["0.99", p99],
            ["0.999", p999],
          ] as const
        ).map(([quantile, ms]): Sample => ["", { ...labels, quantile }, ms / 1000]),
        ["_count", labels, count],
        ["_sum", labels, (mean * count) / 1000],
      ]),
    },
    gauge(
      `${name}_max_seconds`,
      "seconds",
      `${help} The longest.`,
      measured.map(([labels, { max }]) => [labels, max / 1000]),
    ),
  ];
}

function verdictFamilies({ thresholds, safety, answeredBy = [] }: RunResult): Family[] {
  return [
    gauge(
      "provlab_threshold_holds",
      undefined,
      "1 where a threshold holds, 0 where it does not.",
      thresholds.map(({ text, holds }) => [{ threshold: text }, holds ? 1 : 0]),
    ),
    gauge(
      "provlab_threshold_actual",
      undefined,
      "What was measured, in the unit of the threshold.",
      thresholds.flatMap(({ text, actual }) =>
        actual === null ? [] : [[{ threshold: text }, actual]],
      ),
    ),
    counter("provlab_acknowledged", "ACKs that the safety checker followed.", [
      [{}, safety.acknowledged],
    ]),
    counter(
      "provlab_answered",
      "ACKs by the identifier of the server, where there are several.",
      answeredBy.map(({ server, acknowledged }) => [{ server }, acknowledged]),
    ),
    counter(
      "provlab_safety_violations",
      "What must never happen.",
      violationsOf(safety).map(([violation, count]) => [{ violation }, count]),
    ),
  ];
}

const BYTES_A_MIB = 1024 * 1024;

function machineFamilies({ generator, server }: RunResult): Family[] {
  return [
    counter("provlab_generator_socket_drops", "Replies that the generator's sockets lost.", [
      [{}, generator.socketDrops],
    ]),
    counter("provlab_generator_send_errors", "Sends that the kernel refused.", [
      [{}, generator.sendErrors],
    ]),
    gauge("provlab_generator_cpu_ratio", "ratio", "Of a core, by the busiest worker.", [
      [{}, generator.cpuPercentMax / 100],
    ]),
    gauge("provlab_generator_memory_bytes", "bytes", "Resident memory of the generator.", [
      [{}, generator.memoryMiB * BYTES_A_MIB],
    ]),
    ...(server === undefined
      ? []
      : [
          counter(
            "provlab_server_cpu_seconds",
            "CPU time of the bundled server.",
            [[{}, server.cpuSeconds]],
            "seconds",
          ),
          gauge("provlab_server_memory_bytes", "bytes", "Resident memory of the server at most.", [
            [{}, server.residentMiBMax * BYTES_A_MIB],
          ]),
        ]),
  ];
}

type Values = readonly (readonly [Labels, number])[];

function counter(name: string, help: string, values: Values, unit?: "seconds"): Family {
  const samples = values.map(([labels, value]): Sample => ["_total", labels, value]);
  return { name, type: "counter", help, samples, ...(unit === undefined ? {} : { unit }) };
}

function gauge(name: string, unit: Family["unit"], help: string, values: Values): Family {
  const samples = values.map(([labels, value]): Sample => ["", labels, value]);
  return { name, type: "gauge", help, samples, ...(unit === undefined ? {} : { unit }) };
}

function info(name: string, help: string, labels: Labels): Family {
  return { name, type: "info", help, samples: [["_info", labels, 1]] };
}
