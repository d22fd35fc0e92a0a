import { systemClock } from "../../../base/clock.ts";
import { libcMissingReason } from "../../../base/net/kernel/libc.ts";
import { type MemoryDatagram, MemorySocket } from "../../../base/net/memory-socket.ts";
import { Offset } from "../../../protocol/dhcp/header.ts";
import { readIpv4 } from "../../../protocol/ipv4.ts";
import { Population, type PopulationPlan } from "../../../scenarios/population/population.ts";
import { newBits } from "../../plan/device-bits.ts";
import { type PhasePlan, type RunPlan, runDefaults } from "../../plan/run-plan.ts";
import { writeAnswer } from "../answer.ts";
import { WorkerNetwork } from "../worker-network.ts";
import { WorkerLoop } from "./worker-loop.ts";

/** A worker is ready this much later at most. */
const WARM_UP_MS_MAX = 300;
const TURNS_MAX = 500;
const DEVICES_OF_A_KIND_MAX = 64;
const BATCH_MAX = 128;
const DATAGRAM_BYTES_MAX = 2048;

/** Arrivals are always due, so each turn starts every device that is free. */
const phases: readonly PhasePlan[] = (["discover", "renew"] as const).map((exchange) => ({
  name: "warm-up",
  streams: [{ kind: "rate", exchange, ratePerSecond: 100_000 }],
  until: { durationMs: 60_000 },
  ...runDefaults.phase,
  powerCycle: exchange === "discover",
}));

/**
 * Plays a few devices of the plan's population against a server in memory, so that the first ones of the run
 * meet compiled code. They have a loop of their own, of which nothing is kept. Returns the number of answers: 0 without
 * batched sockets.
 */
export function warmUp(plan: RunPlan, msMax = WARM_UP_MS_MAX): number {
  if (libcMissingReason() !== undefined) return 0;
  const population = new Population(fewOf(plan.population));
  const { loop, relaySocket, deviceSocket } = memoryLoop(plan, population);
  const terms = { serverIdentifier: plan.servers[0].address, leaseSeconds: 86_400 };
  let answered = 0;
  /** What the server answers to what was sent by either socket. */
  const exchange = (): void => {
    const toRelays: MemoryDatagram[] = [];
    const toDevices: MemoryDatagram[] = [];
    for (const socket of [relaySocket, deviceSocket]) {
      for (const request of socket.takeSent()) {
        const bytes = new Uint8Array(DATAGRAM_BYTES_MAX);
        const length = writeAnswer(request, terms, bytes);
        if (length === 0) continue;
        answered += 1;
        const isRelayed = readIpv4(request, Offset.giaddr) !== 0;
        (isRelayed ? toRelays : toDevices).push({
          bytes: bytes.subarray(0, length),
          sourceAddress: terms.serverIdentifier,
          sourcePort: plan.servers[0].port,
        });
      }
    }
    relaySocket.deliver(toRelays);
    deviceSocket.deliver(toDevices);
  };
  for (const phase of phases.keys()) {
    const startAtMs = systemClock.monotonicMs();
    const bound = newBits(population.size).fill(phase === 0 ? 0 : 0xff);
    loop.receive({ kind: "prepare", phase, bound });
    loop.receive({ kind: "start", startAtMs, runStartMs: startAtMs });
    const endAtMs = startAtMs + msMax / phases.length;
    for (let turn = 0; turn < TURNS_MAX && systemClock.monotonicMs() < endAtMs; turn += 1) {
      loop.turn();
      exchange();
    }
  }
  relaySocket.socket.close();
  deviceSocket.socket.close();
  return answered;
}

/** Everything of the population but its size. */
function fewOf(plan: PopulationPlan): PopulationPlan {
  const few = (devices: number): number => Math.min(devices, DEVICES_OF_A_KIND_MAX);
  return {
    ...plan,
    cableModems: few(plan.cableModems),
    mtas: few(plan.mtas),
    cpes: few(plan.cpes),
    smartMeters: few(plan.smartMeters),
  };
}

function memoryLoop(whole: RunPlan, population: Population) {
  const { capture: _, personas: __, segment: ___, boot: ____, ...rest } = whole;
  const plan: RunPlan = {
    ...rest,
    ...{ population: population.plan, servers: whole.servers.slice(0, 1), phases },
    ...{ network: runDefaults.network, history: false, outages: false },
  };
  const worker = { index: 0, count: 1 };
  // Address 0: datagrams are for the relay or the device that they name.
  const relaySocket = new MemorySocket({ address: 0, interfaceIndex: 0 });
  const deviceSocket = new MemorySocket({ address: 0, interfaceIndex: 0 });
  const loop = new WorkerLoop({
    start: { plan, workerIndex: 0, workerCount: 1, group: worker },
    ...{
      relaySocket: relaySocket.socket,
      deviceSocket: deviceSocket.socket,
      bootSockets: undefined,
      batchMax: BATCH_MAX,
    },
    network: new WorkerNetwork({
      ...{ plan, population, worker, batchMax: BATCH_MAX },
      nowMs: () => systemClock.monotonicMs(),
    }),
    post: () => undefined,
  });
  return { loop, relaySocket, deviceSocket };
}
