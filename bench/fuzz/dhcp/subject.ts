import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { loopbackNetwork, type ServerNetwork } from "../../../lab/machine/server-network.ts";
import { Population, type PopulationPlan } from "../../../scenarios/population/population.ts";
import { doraPlan, measurementOf } from "../../../simulator/capacity/trial.ts";
import { runSimulation } from "../../../simulator/run/edge/coordinator.ts";
import { provlab } from "../../contenders/provlab.ts";
import { leaseSeconds } from "../../harness/bench-plan.ts";
import type { FuzzRequest } from "../campaign/fuzz-request.ts";
import type { FuzzedProtocol } from "../campaign/protocol.ts";
import { openDhcpAttack } from "./attack.ts";
import { buildCorpus } from "./corpus.ts";

/** All kinds of devices. Bad packets come from the first CMTS only; the others feel nothing of them. */
const populationPlan: PopulationPlan = {
  cableModems: 1500,
  mtas: 500,
  cpes: 500,
  smartMeters: 500,
  cmtsCount: 8,
};
const CORPUS_DEVICES_A_KIND = 8;

export function dhcpSubject({ seed, signal, folder: parent }: FuzzRequest): FuzzedProtocol {
  const network = loopbackNetwork();
  const { ports } = network;
  const population = new Population(populationPlan);
  const server = { address: network.serverAddress, port: ports.relay };
  const corpus = buildCorpus({ population, devices: corpusDevices(population), server });
  const lastModem = population.countOf[0] - 1;
  const [probe] = buildCorpus({ population, devices: [lastModem], server });
  const folder = join(parent, "server");
  mkdirSync(folder, { recursive: true });
  const setting = { folder, network, population, leaseSeconds, workload: "docsis" } as const;
  return {
    server: {
      ...{ ...provlab("batch").prepare(setting), title: "the bundled server", folder },
      ...{ port: ports.relay, entersNamespace: false },
    },
    openAttack: () => openDhcpAttack({ seed, server, ports, corpus, probe: probe! }),
    lookAfterwards: async () => {
      const unserved = await countUnserved(network, signal);
      const excused = devicesOnFirstCmts(population);
      const line =
        `server: afterwards ${population.size - unserved} of ${population.size} devices were served; ` +
        `${excused} may be left out, on the network that the bad packets came from`;
      return { line, isClean: unserved <= excused };
    },
  };
}

/**
 * After the campaign the whole population comes on line. A known device with ever new client
 * identifiers is many clients: bad packets may have taken all addresses of the network they came from.
 */
async function countUnserved(network: ServerNetwork, signal: AbortSignal): Promise<number> {
  const settings = {
    ...{ warmUpMs: 1000, warmUpShare: 0.001, measureMs: 6000, answerMsMax: 2000 },
    ...{ unansweredShareMax: 0, slipMsP99Max: 1000, cpuPercentMax: 100, starvedPercentMax: 100 },
  };
  const { size } = new Population(populationPlan);
  const rate = size / (settings.measureMs / 1000);
  const server = { address: network.serverAddress, port: network.ports.relay };
  const target = { population: populationPlan, server, ports: network.ports, seed: 1 };
  const outcome = await runSimulation(doraPlan(target, settings, rate), () => {}, signal);
  const [trial] = measurementOf(outcome, settings).trials;
  return size - (trial?.answered ?? 0);
}

/** The first few of each kind on the first CMTS: every `cmtsCount`th unit. */
function corpusDevices(population: Population): readonly number[] {
  return population.firstOf
    .slice(0, population.countOf.length)
    .flatMap((first) =>
      Array.from(
        { length: CORPUS_DEVICES_A_KIND },
        (_, index) => first + index * population.cmtsCount,
      ),
    );
}

function devicesOnFirstCmts(population: Population): number {
  let count = 0;
  for (let device = 0; device < population.size; device += 1) {
    if (population.cmtsOf(device) === 0) count += 1;
  }
  return count;
}
