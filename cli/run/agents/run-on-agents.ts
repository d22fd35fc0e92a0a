import { randomUUID } from "node:crypto";
import { deflateSync } from "node:zlib";
import { systemClock } from "../../../base/clock.ts";
import { Population } from "../../../scenarios/population/population.ts";
import { KeptLease } from "../../../server/etcd/edge/etcd-kept-lease.ts";
import {
  goalOf,
  type PhasePlan,
  phaseMsMax,
  type RunPlan,
} from "../../../simulator/plan/run-plan.ts";
import { segmentProblem } from "../../../simulator/plan/segment.ts";
import type { RunOrder } from "../plan/run-order.ts";
import type { Measurement } from "../result/measurement-schema.ts";
import { decodeMeasurement } from "../result/segment-file.ts";
import { unpackBitmap } from "./agent-rendezvous.ts";
import { Board, type BoardAccess, BoardWriter } from "./board.ts";
import { claimAgents, placementOfAgents } from "./claim-agents.ts";
import {
  AGENTS_PREFIX,
  type AgentCard,
  CALL_MS_MAX,
  clockReading,
  prefixesOf,
  readJson,
  revoke,
} from "./etcd.ts";
import { encodeOrder } from "./order.ts";
import { RendezvousError } from "./rendezvous-error.ts";

/** etcd removes the keys of a run this long after its coordinator died. */
const RUN_TTL_SECONDS = 5;
const AGENTS_WAIT_MS_MAX = 60_000;
/** Time between two messages of an agent, beside the time of a phase. */
const ANSWER_MS_MAX = 60_000;
/** From the start message to the first arrival: long enough for etcd to reach all agents. */
const FIRST_START_DELAY_MS = 2000;
const START_DELAY_MS = 500;
/** Of an agent's own words about its failure. */
const WORDS_LENGTH_MAX = 2000;
/** Agents whose clocks differ by certainly more than this cannot start together. */
const CLOCK_OFFSET_MS_MAX = 20;

export interface AgentsRun {
  readonly order: RunOrder;
  /** What the order says for all agents together. */
  readonly plan: RunPlan;
  /** Undefined: as many as the weakest agent has cores to spare. */
  readonly workers: number | undefined;
  readonly agents: number;
  readonly signal: AbortSignal;
}

/**
 * Hands the run out to agents, holds their rendezvous and collects what they measured, in the order of the segments.
 * Throws RendezvousError when an agent dies, fails or is too slow, or when the signal comes: what was measured is then
 * useless. Throws EtcdError.
 */
export async function runOnAgents(
  access: BoardAccess,
  run: AgentsRun,
): Promise<readonly Measurement[]> {
  const { etcd, say } = access;
  const id = randomUUID();
  const prefixes = prefixesOf(id);
  const agents = await Board.open(access, AGENTS_PREFIX);
  const said = await Board.open(access, prefixes.said);
  const fail = (why: string): void => {
    for (const board of [agents, said]) board.fail(new RendezvousError(why));
  };
  const abort = (): void => fail("The run was stopped early.");
  run.signal.addEventListener("abort", abort);
  if (run.signal.aborted) abort();
  const lost = (): void => fail("etcd has given up this run: the coordinator was silent too long.");
  const lease = await KeptLease.grant(etcd, RUN_TTL_SECONDS, CALL_MS_MAX, lost);
  try {
    say(`waiting for ${run.agents} agents`);
    const claiming = claimAgents(
      access,
      agents,
      run.agents,
      { run: id, lease: lease.id },
      AGENTS_WAIT_MS_MAX,
    );
    const cards = await Promise.race([claiming, said.wait("never").then(() => [])]);
    say(`agents ${cards.map(({ name }) => name).join(", ")}`);
    const told = new BoardWriter(access, prefixes.told, lease.id);
    const bulk = new BoardWriter(access, prefixes.bulk, lease.id);
    const hall = { run, cards, agents, said, told, bulk, fail, say };
    return await new AgentsCoordinator(hall).play();
  } finally {
    run.signal.removeEventListener("abort", abort);
    agents.close();
    said.close();
    // Removes every key of the run. The claims are among them, so the agents are free again.
    await revoke(lease, RUN_TTL_SECONDS, say);
  }
}

interface Hall {
  readonly run: AgentsRun;
  readonly cards: readonly AgentCard[];
  readonly agents: Board;
  readonly said: Board;
  readonly told: BoardWriter;
  readonly bulk: BoardWriter;
  readonly fail: (why: string) => void;
  readonly say: (text: string) => void;
}

class AgentsCoordinator {
  readonly #hall: Hall;
  readonly #reached = new Map<number, Set<number>>();

  constructor(hall: Hall) {
    this.#hall = hall;
    const { agents, said, cards, fail } = hall;
    agents.onDelete = (name) => {
      if (cards.some((card) => card.name === name)) fail(`Agent ${name} is gone.`);
    };
    const gone = cards.find(({ name }) => !agents.entries.has(name));
    if (gone !== undefined) fail(`Agent ${gone.name} is gone.`);
    said.onPut = (key, value) => {
      this.#hear(key, value.toString("utf8", 0, WORDS_LENGTH_MAX));
    };
  }

  async play(): Promise<readonly Measurement[]> {
    const { run, cards, told, bulk } = this.#hall;
    const placement = placementOfAgents(cards);
    const workers = run.workers ?? workersOf(cards, placement === "one-machine");
    const { plan } = run;
    const population = new Population(plan.population);
    const problem = segmentProblem(population, { count: cards.length, placement }, workers);
    if (problem !== undefined) throw new RendezvousError(problem);
    const order = encodeOrder({ ...run.order, workers }, placement);
    const { chunks } = await bulk.putBulk("order", order);
    await told.put("order", String(chunks));
    await this.#checkClocks();
    const bitmapBytes = Math.ceil(population.size / 8);
    for (const [index, phase] of plan.phases.entries()) {
      const before = index === 0 ? undefined : plan.phases[index - 1];
      await this.#begin(index, phase, before, bitmapBytes);
    }
    await this.#all("drained", plan.phases.at(-1));
    await told.put("close", "");
    const counts = await this.#all("record");
    const measured: Measurement[] = [];
    for (const [index, count] of counts.entries()) {
      const name = `the record of agent ${cards[index].name}`;
      measured.push(decodeMeasurement(await bulk.getBulk(`record/${index}`, Number(count)), name));
      await bulk.deleteBulk(`record/${index}`);
    }
    return measured;
  }

  /** Exchanges which devices hold a lease, and starts the phase when all agents are prepared. */
  async #begin(
    index: number,
    phase: PhasePlan,
    before: PhasePlan | undefined,
    bitmapBytes: number,
  ): Promise<void> {
    const { told, say } = this.#hall;
    const bound = new Uint8Array(bitmapBytes);
    for (const bytes of await this.#all(`bound/${index}`, before)) {
      const part = unpackBitmap(bytes, bitmapBytes);
      for (let at = 0; at < bitmapBytes; at += 1) bound[at] |= part[at];
    }
    await told.put(`bound/${index}`, deflateSync(bound));
    await this.#all(`prepared/${index}`);
    const delayMs = index === 0 ? FIRST_START_DELAY_MS : START_DELAY_MS;
    await told.put(`start/${index}`, String(systemClock.wallMs() + delayMs));
    say(`phase ${phase.name}`);
  }

  async #checkClocks(): Promise<void> {
    const { cards } = this.#hall;
    for (const [index, value] of (await this.#all("clock")).entries()) {
      const what = `the clock of agent ${cards[index].name}`;
      const { offsetMs, roundTripMs } = readJson(clockReading, value, what);
      if (Math.abs(offsetMs) - roundTripMs / 2 <= CLOCK_OFFSET_MS_MAX) continue;
      throw new RendezvousError(
        `${what} is ${offsetMs.toFixed(0)} ms from this one ` +
          `(limit ${CLOCK_OFFSET_MS_MAX} ms): let NTP set the clocks of all machines`,
      );
    }
  }

  /** Waits for the same key of every agent, in order of the agents. `during` is a phase that may still go on. */
  async #all(key: string, during?: PhasePlan): Promise<readonly Buffer[]> {
    const { cards, said, fail } = this.#hall;
    const waitMs = ANSWER_MS_MAX + (during === undefined ? 0 : phaseMsMax(during) + during.drainMs);
    const late = setTimeout(() => {
      const silent = cards.filter((_, index) => !said.entries.has(`${index}/${key}`));
      const names = silent.map(({ name }) => name).join(", ");
      fail(`No word of ${key} from agent ${names} within ${waitMs / 1000} s.`);
    }, waitMs);
    try {
      return await Promise.all(cards.map((_, index) => said.wait(`${index}/${key}`)));
    } finally {
      clearTimeout(late);
    }
  }

  /** Handles messages that the coordinator does not wait for. */
  #hear(key: string, value: string): void {
    const { cards, fail, run } = this.#hall;
    const [agent = "", topic, detail] = key.split("/");
    const index = Number(agent);
    if (topic === "failed") fail(`Agent ${cards[index]?.name} failed: ${value}`);
    if (topic === "ping") this.#tell(`pong/${index}/${detail}`, String(systemClock.wallMs()));
    if (topic === "opened") this.#tell(`opened/${index}`, "");
    if (topic !== "goal") return;
    const phaseIndex = Number(detail);
    const goal = run.plan.phases[phaseIndex] && goalOf(run.plan.phases[phaseIndex]);
    const reached = this.#reached.get(phaseIndex) ?? new Set();
    this.#reached.set(phaseIndex, reached);
    if (value === "1") reached.add(index);
    else reached.delete(index);
    if (goal !== undefined && reached.size === cards.length) this.#tell(`end/${phaseIndex}`, goal);
  }

  #tell(key: string, value: string): void {
    const { told, fail } = this.#hall;
    told.put(key, value).catch((error: Error) => fail(`etcd: ${error.message}`));
  }
}

/** Agents on one machine share its cores. */
function workersOf(cards: readonly AgentCard[], isOneMachine: boolean): number {
  const cores = Math.min(...cards.map((card) => card.cores)) - 1;
  return Math.max(1, isOneMachine ? Math.floor(cores / cards.length) : cores);
}
