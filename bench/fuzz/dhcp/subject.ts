import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { loopbackNetwork, type ServerNetwork } from "../../lab/machine/server-network.ts";
import { Population, type PopulationPlan } from "../../scenarios/population/population.ts";
import { doraPlan, measurementOf } from "../../simulator/capacity/trial.ts";
import { runSimulation } from "../../simulator/run/coordinator.ts";
import { provlab } from "../contenders/provlab.ts";
import { leaseSeconds } from "../harness/bench-plan.ts";
import { ServerProcess } from "../harness/server-process.ts";
import { buildCorpus } from "./dhcp/corpus.ts";
import { fuzzDecoder } from "./decoder-campaign.ts";
import { describeInputs, isCleanInputs } from "./campaign/describe-inputs.ts";
import { describeExpressions, fuzzExpressions, isCleanExpressions } from "./config/expression-campaign.ts";
import { type FuzzRequest, type FuzzSubject, fuzzSubjects, SERVER_MS_MAX } from "./fuzz-request.ts";
import { describeMemory } from "./campaign/memory-watch.ts";
import { fuzzServer, type ServerReport } from "./dhcp/attack.ts";
import { runTftpFuzz } from "./tftp/subject.ts";

/** All kinds of devices. Bad packets come from the first CMTS only; the others feel nothing of them. */
const populationPlan: PopulationPlan = {
  cableModems: 1500,
  mtas: 500,
  cpes: 500,
  smartMeters: 500,
  cmtsCount: 8,
};
const CORPUS_DEVICES_A_KIND = 8;

/** Runs what is asked for; true when nothing was found and nothing was cut short. */
export async function runFuzz(request: FuzzRequest): Promise<boolean> {
  const { only, signal } = request;
  let isClean = true;
  for (const subject of fuzzSubjects) {
    if (signal.aborted || (only !== undefined && only !== subject)) continue;
    isClean = (await campaigns[subject](request)) && isClean;
  }
  return isClean && !signal.aborted;
}

const campaigns: Readonly<Record<FuzzSubject, (request: FuzzRequest) => Promise<boolean>>> = {
  dhcp: runDhcpFuzz,
  tftp: runTftpFuzz,
  config: runExpressionFuzz,
};

async function runExpressionFuzz(request: FuzzRequest): Promise<boolean> {
  const { expressions, seed, signal, onProgress, onResult } = request;
  if (expressions === 0) return true;
  const report = await fuzzExpressions({ expressions, seed, signal, onProgress });
  onResult(describeExpressions(report));
  return isCleanExpressions(report, expressions);
}

async function runDhcpFuzz(request: FuzzRequest): Promise<boolean> {
  const network = loopbackNetwork();
  const population = new Population(populationPlan);
  const server = { address: network.serverAddress, port: network.ports.relay };
  const corpus = buildCorpus({ population, devices: corpusDevices(population), server });
  const { seed, signal, onProgress, onResult } = request;
  let isClean = true;
  if (request.decoder > 0) {
    const packets = corpus.map(({ bytes }) => bytes);
    const report = await fuzzDecoder({
      ...{ seed, signal, onProgress },
      packets: request.decoder,
      corpus: packets,
    });
    const { decoded, rejected } = report.values;
    const values = `option values: ${decoded} decoded, ${rejected} rejected; `;
    onResult(describeInputs("decoder", report, values));
    isClean &&= isCleanInputs(report, request.decoder);
  }
  if (request.server > 0 && !signal.aborted) {
    const isServerClean = await fuzzBundledServer(request, network, population, corpus);
    isClean &&= isServerClean;
  }
  return isClean;
}

async function fuzzBundledServer(
  request: FuzzRequest,
  network: ServerNetwork,
  population: Population,
  corpus: ReturnType<typeof buildCorpus>,
): Promise<boolean> {
  const { seed, signal, onProgress, onResult } = request;
  const folder = join(request.folder, "server");
  mkdirSync(folder, { recursive: true });
  const launch = provlab("batch").prepare({
    ...{ folder, network, population, leaseSeconds },
    workload: "docsis",
  });
  const process = await ServerProcess.start(
    {
      ...launch,
      name: "the bundled server",
      logFile: join(folder, "server.log"),
      port: network.ports.relay,
      entersNamespace: false,
    },
    signal,
  );
  try {
    const { ports, serverAddress: address } = network;
    const server = { address, port: ports.relay };
    const [probe] = buildCorpus({ population, devices: [population.countOf[0]! - 1], server });
    const report = await fuzzServer({
      ...{ seed, server, ports, corpus, signal, onProgress },
      probe: probe!,
      packets: request.server,
      timeMsMax: SERVER_MS_MAX,
      serverMemoryMiB: () => {
        process.check();
        return process.memoryMiB()?.now;
      },
    });
    onResult(describeServer(report));
    process.check();
    if (report.failure !== undefined) return false;
    const unserved = await countUnserved(network, signal);
    const excused = devicesOnFirstCmts(population);
    onResult(
      `server: afterwards ${population.size - unserved} of ${population.size} devices were served; ` +
        `${excused} may be left out, on the network that the bad packets came from`,
    );
    return unserved <= excused && isCleanServer(report, request.server);
  } finally {
    await process.stop();
  }
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

function isCleanServer(report: ServerReport, wanted: number): boolean {
  const { failure, badReplies, memory, packets } = report;
  return failure === undefined && badReplies === 0 && memory.isFlat && packets === wanted;
}

function describeServer(report: ServerReport): string {
  const { packets, replies, probesAnswered, badReplies, memory, elapsedMs, failure } = report;
  return [
    `server: ${packets} packets in ${(elapsedMs / 1000).toFixed(1)} s, ${replies} replies, ` +
      `${badReplies} of them bad; ${probesAnswered} good packets between them all answered`,
    `server: resident ${describeMemory(memory)}`,
    ...report.examples.map((example) => `server: BAD REPLY ${example}`),
    ...(failure === undefined ? [] : [`server: FAILED: ${failure}`]),
  ].join("\n");
}
