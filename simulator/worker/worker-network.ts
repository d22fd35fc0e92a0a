import type { UdpSocket } from "../../base/net/udp-socket.ts";
import { hash32 } from "../../base/prng.ts";
import { isFair } from "../../scenarios/language/network-conditions.ts";
import type { NetworkPlan } from "../../scenarios/language/network-section.ts";
import type { Population } from "../../scenarios/population/population.ts";
import { gateShare } from "../boot/cmts-gate.ts";
import { CmtsThrottle } from "../network/cmts-throttle.ts";
import { ImpairedSocket, type Throttles } from "../network/impaired-socket.ts";
import { type NetworkCounters, sumCounters } from "../network/network-counters.ts";
import type { RunPlan } from "../plan/run-plan.ts";

interface WorkerNetworkOptions {
  readonly plan: Pick<RunPlan, "network" | "phases" | "seed">;
  readonly population: Population;
  readonly worker: { readonly index: number; readonly count: number };
  readonly batchMax: number;
  readonly nowMs: () => number;
}

/** The network of one worker: all its sockets are behind it, and it changes with the phases. */
export class WorkerNetwork {
  /** Whether no phase impairs datagrams. */
  readonly isAlwaysFair: boolean;
  readonly #options: WorkerNetworkOptions;
  readonly #sockets: ImpairedSocket[] = [];
  #network: NetworkPlan;
  #throttles: Throttles | undefined;

  constructor(options: WorkerNetworkOptions) {
    const { network, phases } = options.plan;
    this.#options = options;
    this.#network = network;
    this.#throttles = this.#throttlesOf(network);
    this.isAlwaysFair = [network, ...phases.flatMap((phase) => phase.network ?? [])].every(isFair);
  }

  /** The socket behind this network; the socket itself if the network is always fair. */
  behind(socket: UdpSocket): UdpSocket {
    if (this.isAlwaysFair) return socket;
    const { plan, worker, batchMax, nowMs } = this.#options;
    const behind = new ImpairedSocket(socket, {
      ...this.#network,
      throttles: this.#throttles,
      seed: hash32(plan.seed, worker.index, this.#sockets.length),
      batchMax,
      nowMs,
    });
    this.#sockets.push(behind);
    return behind;
  }

  /** A phase begins, with its own network or the run's. */
  beginPhase(index: number): void {
    const { plan } = this.#options;
    const next = plan.phases[index]?.network ?? plan.network;
    if (next === this.#network) return;
    this.#network = next;
    this.#throttles = this.#throttlesOf(next);
    for (const socket of this.#sockets) socket.change(next, this.#throttles);
  }

  /** When the next datagram under way is due, in ms; infinity without one. */
  dueAtMs(): number {
    let dueAtMs = Number.POSITIVE_INFINITY;
    for (const socket of this.#sockets) dueAtMs = Math.min(dueAtMs, socket.dueAtMs);
    return dueAtMs;
  }

  /** Since the start, over all sockets. */
  counters(): NetworkCounters {
    return sumCounters(this.#sockets.map(({ impairments }) => impairments));
  }

  #throttlesOf({ cmts }: NetworkPlan): Throttles | undefined {
    if (cmts === undefined) return undefined;
    const { population, worker } = this.#options;
    const share = gateShare(population.cmtsPeriod, worker.count);
    return {
      toServer: new CmtsThrottle(cmts, population, share),
      toDevices: new CmtsThrottle(cmts, population, share),
    };
  }
}
