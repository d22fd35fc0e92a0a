import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { packageRoot, provCommand } from "../../lab/machine/package-root.ts";
import { runToEnd } from "../../lab/machine/run-to-end.ts";
import { missingFor } from "../../lab/needs.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import { Population } from "../../scenarios/population/population.ts";
import { resultIn } from "../results/result-files.ts";
import { HostileTraffic, portsIn } from "./hostile-traffic.ts";
import { type Sample, sampleOf } from "./samples.ts";
import {
  bootingPopulation,
  type RunName,
  runNames,
  type SoakPlan,
  scenarioOf,
} from "./soak-scenarios.ts";
import { restartsOf, seriesOf } from "./soak-series.ts";
import { type JudgedSeries, judged } from "./soak-verdict.ts";

export interface SoakRequest extends SoakPlan {
  /** Exists. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

export interface PlayedRun {
  readonly run: RunName;
  /** `none`: it came to no result. */
  readonly verdict: RunResult["verdict"] | "none";
  readonly reasons: readonly string[];
  readonly acknowledged: number;
  /** By process; only of those that were started anew. */
  readonly restarts: Readonly<Record<string, number>>;
}

export interface SoakReport {
  readonly runs: readonly PlayedRun[];
  readonly rows: readonly JudgedSeries[];
  readonly sent: HostileTraffic["sent"];
}

const SAMPLES = 720;
const SAMPLE_MS_MIN = 1000;
/** Starting, coming on line, reading lease files and ending. */
const GRACE_MS = 20 * 60_000;
const STOP_MS_MAX = 60_000;
const SAID_MAX = 2000;
const MS_AN_HOUR = 3_600_000;

/**
 * Plays the runs side by side, looks at their processes and files all the time, and judges what grew. Rejects with an
 * Error that says what is missing here.
 */
export async function soak(request: SoakRequest): Promise<SoakReport> {
  const missing = missingFor({ kind: "provlab", profile: "fast", network: "auto" }, []);
  if (missing !== undefined) throw new Error(missing);
  const heapFolder = join(request.folder, "heap");
  rmSync(heapFolder, { recursive: true, force: true });
  mkdirSync(heapFolder, { recursive: true });
  const hostile = new HostileRun(request);
  try {
    const played = await Promise.all(
      runNames.map((run) =>
        play(run, request, heapFolder, run === "services" ? () => hostile.look() : () => {}),
      ),
    );
    return {
      runs: played.map(({ summary }) => summary),
      rows: played.flatMap(({ rows }) => rows),
      sent: hostile.sent,
    };
  } finally {
    hostile.close();
    rmSync(heapFolder, { recursive: true, force: true });
  }
}

interface Played {
  readonly summary: PlayedRun;
  readonly rows: readonly JudgedSeries[];
}

async function play(
  run: RunName,
  { folder: parent, signal, onProgress, ...plan }: SoakRequest,
  heapFolder: string,
  onSample: () => void,
): Promise<Played> {
  const folder = join(parent, run);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "scenario.yaml"), scenarioOf[run](plan));
  const samples: Sample[] = [];
  const startMs = performance.now();
  const look = (pid: number): void => {
    const hours = (performance.now() - startMs) / MS_AN_HOUR;
    const sample = sampleOf(run, { pid, folder, heapFolder, hours });
    samples.push(sample);
    appendFileSync(join(folder, "samples.jsonl"), `${JSON.stringify(sample)}\n`);
    onSample();
  };
  const options = ["--out", ".", "--report", "none", "--progress", "none"];
  const end = await runToEnd(provCommand("run", "scenario.yaml", ...options), {
    ...{ signal, folder, stopMsMax: STOP_MS_MAX },
    msMax: plan.minutes * 60_000 + GRACE_MS,
    environment: heapEnvironment(heapFolder),
    watch: { everyMs: Math.max(SAMPLE_MS_MIN, (plan.minutes * 60_000) / SAMPLES), look },
  });
  const reading = resultIn(folder);
  const restarts = restartsOf(samples);
  if (reading?.kind !== "read") {
    const words = reading?.problems.join(" ") ?? end.output.trim().slice(-SAID_MAX);
    onProgress(`${run}: no result, status ${end.status ?? "none"}`);
    const summary = { run, verdict: "none", reasons: [words], acknowledged: 0, restarts } as const;
    return { summary, rows: [] };
  }
  const { verdict, reasons, safety, timeSeries } = reading.result;
  onProgress(`${run}: ${verdict}, ${safety.acknowledged} acknowledgements`);
  return {
    summary: { run, verdict, reasons, acknowledged: safety.acknowledged, restarts },
    rows: seriesOf(run, samples, timeSeries).flatMap((series) => judged(series, plan.seed) ?? []),
  };
}

/** Every Node program of a run writes what its heaps hold. */
function heapEnvironment(heapFolder: string): Readonly<Record<string, string>> {
  const before = process.env["NODE_OPTIONS"] ?? "";
  const module = join(packageRoot, "bench", "soak", "heap-size.mjs");
  return { NODE_OPTIONS: `${before} --import=${module}`.trim(), PROVLAB_HEAP_FOLDER: heapFolder };
}

/** Begins to send once the server serves. */
class HostileRun {
  readonly #request: SoakRequest;
  #traffic: HostileTraffic | undefined;
  #isOpening = false;

  constructor(request: SoakRequest) {
    this.#request = request;
  }

  get sent(): HostileTraffic["sent"] {
    return this.#traffic?.sent ?? { malformed: 0, flood: 0 };
  }

  look(): void {
    if (this.#isOpening) return;
    const log = join(this.#request.folder, "services", "server", "server.log");
    const ports = existsSync(log) ? portsIn(readFileSync(log, "utf8")) : undefined;
    if (ports === undefined) return;
    this.#isOpening = true;
    const population = new Population(bootingPopulation(this.#request));
    const giaddrs = Array.from(
      { length: population.cmtsCount },
      (_, index) => population.cmts(index).giaddr,
    );
    void HostileTraffic.open(ports, giaddrs, this.#request).then((traffic) => {
      this.#traffic = traffic;
    });
  }

  close(): void {
    this.#traffic?.close();
  }
}
