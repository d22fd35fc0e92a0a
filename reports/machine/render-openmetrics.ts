import { escapeLabel, labelText } from "../../base/metric-labels.ts";
import { stallReasons } from "../../base/stall-reason.ts";
import type { Distribution } from "../result/distribution.ts";
import type { RunResult, StreamResult } from "../result/run-result.ts";
import { violationsOf } from "../result/safety.ts";

type Labels = Readonly<Record<string, string>>;
/** The suffix of the name (`_total`, `_sum` ...), the labels and the value. */
type Sample = readonly [suffix: string, labels: Labels, value: number];

interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "info" | "stateset" | "summary";
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
    ...stageFamilies(result),
    ...verdictFamilies(result),
    ...machineFamilies(result),
  ].filter(({ samples }) => samples.length > 0);
  return `${families.map(familyText).join("\n")}\n# EOF\n`;
}

function familyText({ name, type, help, samples }: Family): string {
  // A name ends in its unit (OpenMetrics 1.0, "Unit").
  const unit = /_(seconds|bytes|ratio)$/.exec(name)?.[1];
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escapeLabel(help)}`,
    ...samples.map(([suffix, labels, value]) => `${name}${suffix}${labelText(labels)} ${value}`),
  ].join("\n");
}

/** A value, or one for each of several labels. */
type Values = number | readonly (readonly [Labels, number])[];

function samplesOf(suffix: string, values: Values): Sample[] {
  if (typeof values === "number") return [[suffix, {}, values]];
  return values.map(([labels, value]) => [suffix, labels, value]);
}

function counter(name: string, help: string, values: Values): Family {
  return { name, type: "counter", help, samples: samplesOf("_total", values) };
}

function gauge(name: string, help: string, values: Values): Family {
  return { name, type: "gauge", help, samples: samplesOf("", values) };
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
  const states = ["pass", "fail", "invalid"].map(
    (state): Sample => ["", { [name]: state }, state === verdict ? 1 : 0],
  );
  const devices = Object.entries(population.byKind);
  return [
    {
      name: "provlab_run",
      type: "info",
      help: "What was run, and on what.",
      samples: [["_info", labels, 1]],
    },
    { name, type: "stateset", help: "The verdict on the run.", samples: states },
    gauge(
      "provlab_run_start_timestamp_seconds",
      "When the run began, in Unix time.",
      Date.parse(result.startedAt) / 1000,
    ),
    gauge("provlab_run_duration_seconds", "How long the run took.", result.durationMs / 1000),
    gauge("provlab_devices", "Simulated devices by kind.", devices.map(byKind)),
  ];
}

function byKind<Value>([kind, value]: readonly [string, Value]): readonly [Labels, Value] {
  return [{ kind }, value];
}

const outcomes = [
  ["offered", "Transactions that the schedule asked for."],
  ["sent", "Transactions that were begun."],
  ["completed", "Transactions that came to their end."],
  ["timeouts", "Transactions that nobody answered in time."],
  ["retransmissions", "Messages that were sent again."],
  ["naks", "Refusals by the server."],
] as const;

const rates = [
  ["offered", "offeredPerSecond", "Transactions a second that the schedule asked for."],
  ["achieved", "achievedPerSecond", "Transactions a second that came to their end."],
] as const;

const spansOfStreams = [
  ["latency", "latencyMs", "From the intended send time to the end of the transaction."],
  ["service", "serviceMs", "From the real send time to the end of the transaction."],
  ["slip", "slipMs", "How late the generator itself sent."],
] as const;

function streamFamilies({ phases, timeToBoundMs, timeToOnlineMs = {} }: RunResult): Family[] {
  const streams = phases.flatMap(({ name, streams: all }) =>
    all.map((stream) => [labelsOf(name, stream), stream] as const),
  );
  /** The value of each stream that has one. */
  const each = <Value>(
    value: (stream: StreamResult) => Value | null,
  ): (readonly [Labels, Value])[] =>
    streams.flatMap(([labels, stream]) => {
      const found = value(stream);
      return found === null ? [] : [[labels, found] as const];
    });
  const ofKinds = (spans: Readonly<Record<string, Distribution>>) =>
    Object.entries(spans).map(byKind);
  return [
    ...outcomes.map(([what, help]) =>
      counter(
        `provlab_transactions_${what}`,
        help,
        each((stream) => stream[what]),
      ),
    ),
    ...rates.map(([what, field, help]) =>
      gauge(
        `provlab_${what}_per_second`,
        help,
        each((stream) => stream[field]),
      ),
    ),
    ...spansOfStreams.flatMap(([name, field, help]) =>
      spansFamilies(
        `provlab_${name}`,
        help,
        each((stream) => stream[field]),
      ),
    ),
    ...spansFamilies("provlab_time_to_bound", "To the first lease.", ofKinds(timeToBoundMs)),
    ...spansFamilies("provlab_time_to_online", "To on line.", ofKinds(timeToOnlineMs)),
  ];
}

/** Where the time of the bundled server's answers went. */
function stageFamilies({ phases }: RunResult): Family[] {
  const served = phases.flatMap(({ name, server }) =>
    server === undefined ? [] : [{ phase: name, server }],
  );
  const spans = served.flatMap(({ phase, server }) =>
    Object.entries(stageFields).map(([stage, field]) => [{ phase, stage }, server[field]] as const),
  );
  const longest = served.flatMap(({ phase, server: { stalls } }) =>
    stallReasons.flatMap((reason) => {
      const found = stalls.filter((stall) => stall.reason === reason);
      if (found.length === 0) return [];
      const ms = Math.max(...found.map(({ durationMs }) => durationMs));
      return [[{ phase, reason }, ms / 1000] as const];
    }),
  );
  return [
    ...spansFamilies(
      "provlab_server_answer_stage",
      "Where the time of each answer went; sync is a part of commit.",
      spans,
    ),
    gauge("provlab_server_stall_max_seconds", "The longest sync or pause by reason.", longest),
  ];
}

const stageFields = {
  queue: "queueMs",
  decide: "decideMs",
  commit: "commitMs",
  sync: "syncMs",
  send: "sendMs",
} as const;

/** The stream's name tells apart two streams of one exchange. */
function labelsOf(phase: string, { exchange, name }: StreamResult): Labels {
  return { phase, exchange, ...(name === undefined ? {} : { stream: name }) };
}

const quantiles = { "0.5": "p50", "0.9": "p90", "0.99": "p99", "0.999": "p999" } as const;

/** A summary, and its maximum as a gauge, because few tools show a quantile of 1. */
function spansFamilies(
  name: string,
  help: string,
  spans: readonly (readonly [Labels, Distribution])[],
): Family[] {
  const measured = spans.filter(([, { count }]) => count > 0);
  const samples = measured.flatMap(([labels, each]) => [
    ...Object.entries(quantiles).map(
      ([quantile, field]): Sample => ["", { ...labels, quantile }, each[field] / 1000],
    ),
    ["_count", labels, each.count] satisfies Sample,
    ["_sum", labels, (each.mean * each.count) / 1000] satisfies Sample,
  ]);
  const longest = measured.map(([labels, { max }]) => [labels, max / 1000] as const);
  return [
    { name: `${name}_seconds`, type: "summary", help, samples },
    gauge(`${name}_max_seconds`, `${help} The longest.`, longest),
  ];
}

function verdictFamilies({ thresholds, safety, answeredBy = [] }: RunResult): Family[] {
  return [
    gauge(
      "provlab_threshold_holds",
      "1 where a threshold holds, 0 where it does not.",
      thresholds.map(({ text, holds }) => [{ threshold: text }, holds ? 1 : 0]),
    ),
    gauge(
      "provlab_threshold_actual",
      "What was measured, in the unit of the threshold.",
      thresholds.flatMap(({ text, actual }) =>
        actual === null ? [] : [[{ threshold: text }, actual]],
      ),
    ),
    counter("provlab_acknowledged", "ACKs that the safety checker followed.", safety.acknowledged),
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
  const { socketDrops, sendErrors, cpuPercentMax, memoryMiB } = generator;
  const memory = memoryMiB * BYTES_A_MIB;
  const own = [
    counter(
      "provlab_generator_socket_drops",
      "Replies that the generator's sockets lost.",
      socketDrops,
    ),
    counter("provlab_generator_send_errors", "Sends that the kernel refused.", sendErrors),
    gauge("provlab_generator_cpu_ratio", "Of a core, by the busiest worker.", cpuPercentMax / 100),
    gauge("provlab_generator_memory_bytes", "Resident memory of the generator.", memory),
  ];
  if (server === undefined) return own;
  const serverMemory = server.residentMiBMax * BYTES_A_MIB;
  return [
    ...own,
    counter("provlab_server_cpu_seconds", "CPU time of the bundled server.", server.cpuSeconds),
    gauge("provlab_server_memory_bytes", "Resident memory of the server at most.", serverMemory),
  ];
}
