import { statfsSync } from "node:fs";
import { environmentOf } from "../cli/run/environment.ts";
import { Population, type PopulationPlan } from "../scenarios/population.ts";
import { type BenchPlan, population } from "./bench-plan.ts";
import {
  BENCH_SCHEMA,
  type BenchResult,
  type ContenderResult,
  doraSummaryOf,
  type RenewalResult,
  type SearchResult,
} from "./bench-result.ts";
import { versionOrMissing } from "./contenders/contender.ts";
import type { DhcpContender } from "./contenders/dhcp-contender.ts";
import { type Bench, Match } from "./measure.ts";
import { type BenchNetwork, chooseNetwork } from "./network.ts";
import { twoProcessors } from "./processors.ts";
import { killServers } from "./server-process.ts";

export interface BenchRequest {
  readonly plan: BenchPlan;
  readonly contenders: readonly DhcpContender[];
  readonly seed: number;
  /** Exists; lease files go below it, so it must be on the disk that is meant. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/**
 * Runs everything and puts it together. A contender that fails is reported with the reason; the
 * signal ends the run early with what was measured so far. Leaves no process and no namespace.
 */
export async function runBench(request: BenchRequest): Promise<BenchResult> {
  const startedAtMs = Date.now();
  const network = chooseNetwork(request.onProgress);
  const cleanUp = (): void => {
    killServers();
    network.close();
  };
  process.on("exit", cleanUp);
  try {
    warnOfMemoryDisk(request);
    const run = new BenchRun(request, network);
    const cutShort = await run.measure();
    return {
      schema: BENCH_SCHEMA,
      startedAt: new Date(startedAtMs).toISOString(),
      durationMs: Date.now() - startedAtMs,
      ...(cutShort === undefined ? {} : { cutShort }),
      environment: environmentOf({ durability: "by server", socket: "batch", workers: 1 }),
      ...run.result(),
    };
  } finally {
    process.off("exit", cleanUp);
    network.close();
  }
}

/** What one contender has shown so far. */
interface Score {
  readonly contender: DhcpContender;
  readonly version: string;
  missing: string | undefined;
  readonly dora: SearchResult[];
  renewals: RenewalResult | undefined;
}

class BenchRun {
  readonly #request: BenchRequest;
  readonly #bench: Bench;
  readonly #scores: readonly Score[];
  readonly #deadlineMs: number;

  constructor(request: BenchRequest, network: BenchNetwork) {
    const { plan, seed, folder, signal, onProgress } = request;
    const populationPlan: PopulationPlan = {
      ...population,
      addressBlock: network.addressBlock,
      seed,
    };
    const processors = twoProcessors();
    this.#request = request;
    this.#bench = { plan, populationPlan, network, processors, seed, folder, signal, onProgress };
    this.#scores = request.contenders.map((contender) => scoreOf(contender, network));
    this.#deadlineMs = performance.now() + plan.totalMsMax;
  }

  /** All rounds, the contenders taking turns. Says why it ended early, if it did. */
  async measure(): Promise<string | undefined> {
    const { plan } = this.#request;
    for (let round = 1; round <= plan.rounds; round += 1) {
      for (const score of this.#scores) {
        const cutShort = this.#cutShort();
        if (cutShort !== undefined) return cutShort;
        const isTurn = !score.contender.isVariant || round === plan.rounds;
        if (isTurn && score.missing === undefined) await this.#measureOne(score, round);
      }
    }
    return this.#cutShort();
  }

  result(): Pick<BenchResult, "method" | "contenders"> {
    const { plan, network, processors, populationPlan, seed } = this.#bench;
    const { size, cmtsCount } = new Population(populationPlan);
    return {
      method: {
        seed,
        devices: size,
        networks: cmtsCount,
        network: network.description,
        ...(processors === undefined ? {} : { processors }),
        generator: "Provlab simulator, 1 worker",
        roundsPlanned: plan.rounds,
        trial: plan.trial,
      },
      contenders: this.#scores.map(contenderResultOf),
    };
  }

  async #measureOne(score: Score, round: number): Promise<void> {
    const { plan, signal, onProgress } = this.#request;
    const { contender } = score;
    onProgress(`round ${round} of ${plan.rounds}: ${contender.name} ${score.version}`);
    let match: Match | undefined;
    try {
      match = await Match.start(this.#bench, contender, `round-${round}`);
      const steps = score.dora.length === 0 ? plan.firstSearch : plan.laterSearch;
      const before = doraSummaryOf(score)?.median;
      const search = await match.searchDora(before || contender.firstRate, steps);
      score.dora.push(search);
      const { maximumPerSecond } = search;
      if (round === plan.rounds && plan.renewals !== undefined && maximumPerSecond !== undefined) {
        score.renewals = await match.climbRenewals(maximumPerSecond, plan.renewals);
      }
    } catch (error) {
      // The others go on; an interruption is no fault of this contender.
      if (signal.aborted) return;
      score.missing = error instanceof Error ? error.message : String(error);
      onProgress(`${contender.name}: ${score.missing}`);
    } finally {
      await match?.stop();
    }
  }

  #cutShort(): string | undefined {
    if (this.#request.signal.aborted) return "interrupted";
    return performance.now() > this.#deadlineMs ? "out of time" : undefined;
  }
}

function scoreOf(contender: DhcpContender, network: BenchNetwork): Score {
  const score = { contender, dora: [], renewals: undefined };
  if (contender.needsInterface && !network.hasInterface) {
    return { ...score, version: "", missing: "needs root, for network namespaces" };
  }
  return { ...score, ...versionOrMissing(contender.version) };
}

function contenderResultOf({
  contender,
  version,
  missing,
  dora,
  renewals,
}: Score): ContenderResult {
  const { id, name, durability, settings } = contender;
  return {
    ...{ id, name, version, durability, settings, dora },
    ...(missing === undefined ? {} : { missing }),
    ...(renewals === undefined ? {} : { renewals }),
  };
}

const TMPFS_MAGIC = 0x0102_1994;

function warnOfMemoryDisk({ folder, onProgress }: BenchRequest): void {
  if (statfsSync(folder).type !== TMPFS_MAGIC) return;
  onProgress(
    `${folder} is in memory: syncing costs nothing there, take a folder on a disk (--out)`,
  );
}
