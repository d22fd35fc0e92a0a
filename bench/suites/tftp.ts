import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Prng } from "../../base/prng.ts";
import { LabError } from "../../lab/machine/lab-error.ts";
import type { LabProcess } from "../../lab/machine/lab-process.ts";
import { startServerProcess } from "../../lab/machine/server-process.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { TFTP_PORT } from "../../protocol/tftp/packet.ts";
import { expectationOf } from "../../simulator/boot/file-hash.ts";
import { type TftpContender, tftpContenders } from "../contenders/tftp-contenders.ts";
import {
  LOAD_ADDRESSES,
  type LoadFile,
  type LoadPlan,
  type LoadResult,
} from "../generators/download-load.ts";
import { GeneratorProcess } from "../generators/generator-process.ts";
import type { TftpLoad, TftpPlan } from "../harness/bench-plan.ts";
import type { ContenderRun } from "../harness/contender-run.ts";
import { START_MS } from "../harness/expected-time.ts";
import { type Bench, onGeneratorSide, serverCommand } from "../harness/server-start.ts";
import type { Suite } from "../harness/suite.ts";

/** A load takes its own time and this much more at most. */
const LOAD_GRACE_MS = 20_000;
const generatorProgram = new URL("../generators/downloads.js", import.meta.url);
/** The networks of a bench are cut from a block of 2^22 addresses. */
const ADDRESS_BLOCKS = 2 ** 22 / LOAD_ADDRESSES;

/**
 * The generator was the limit when it had no processor time left and packets of the server waited for
 * it; a busy generator alone only means that it polls as often as it can.
 */
const generatorLimits = { cpuPercentMax: 95, queueShareMax: 0.25 } as const;

const sum = { digits: 0, better: "less", hasRatio: false, summary: "sum" } as const;
const most = { better: "less", hasRatio: false, summary: "most" } as const;

/** Files a second by TFTP. */
export const tftp: Suite<TftpContender> = {
  id: "tftp",
  title: "TFTP downloads",
  contenders: tftpContenders,
  columns: [
    { id: "files", title: "files/s", digits: 0, better: "more", hasRatio: true },
    { id: "megabytes", title: "MB/s", digits: 1, better: "more", hasRatio: false },
    { id: "p50", title: "p50 ms", digits: 1, better: "less", hasRatio: false },
    { id: "p99", title: "p99 ms", digits: 1, better: "less", hasRatio: false },
    { ...sum, id: "started", title: "files" },
    { ...sum, id: "lost", title: "lost" },
    { ...sum, id: "repeated", title: "repeated" },
    { ...sum, id: "died", title: "died" },
    { ...most, id: "cpu", title: "generator %", digits: 0 },
    { ...most, id: "queue", title: "queue", digits: 2 },
  ],
  method: ({ tftp: { times, filesPerSize } }) => [
    "Files a second: closed loop, each device fetches its file and then another device begins; " +
      `${times.measureMs / 1000} s a load or a whole turn of all devices, median (lowest–highest) of the rounds. ` +
      `${filesPerSize} files of each size; every one checked by length and hash. ` +
      "Lost: given up by its device after 5 s without an answer, refused, or not right; " +
      "repeated: requests and acknowledgements that were sent again. Both, and files, over all rounds.",
    "Blocks of 512 are RFC 1350 without options; with others the device asks for `blksize` and `tsize`. No windows.",
    "Generator % and queue are the most of the rounds. Queue: the share of the downloads whose next packet " +
      "waited for the generator.",
  ],
  turnMs: ({ tftp: { loads, times } }) =>
    START_MS + (loads.length + 1) * (times.warmUpMs + times.measureMs),
  measure,
};

async function measure(run: ContenderRun<TftpContender>): Promise<void> {
  const { bench, contender } = run;
  const { loads, warmUp, times } = bench.plan.tftp;
  const root = join(bench.folder, "root");
  const files = writeFiles(root, bench);
  const port = bench.network.hasInterface ? TFTP_PORT : bench.network.ports.relay;
  const generator = new GeneratorProcess<LoadPlan, LoadResult>(generatorProgram, (command) =>
    onGeneratorSide(bench, command),
  );
  const put = (load: TftpLoad, index: number): Promise<LoadResult> =>
    generator.run(
      loadPlan(bench, load, { files, port, index: run.round * (loads.length + 1) + index }),
      2 * times.partMsMax + times.drainMsMax + LOAD_GRACE_MS,
      bench.signal,
    );
  let server: LabProcess | undefined;
  try {
    for (const [index, load] of loads.entries()) {
      if (server === undefined) {
        server = await start(run, root, port);
        await put(warmUp, 0);
      }
      const subject = subjectOf(load);
      const result = await put(load, index + 1);
      scoreLoad(run, subject, load, result);
      bench.onProgress(`${contender.name}: ${subject}: ${textOfLoad(result)}`);
      const death = deathOf(server);
      run.score(subject, "died", death === undefined ? 0 : 1);
      if (death === undefined) continue;
      run.explain(subject, death);
      bench.onProgress(death);
      server = undefined;
    }
  } finally {
    generator.stop();
    await server?.stop();
  }
}

function start(
  { bench, contender }: ContenderRun<TftpContender>,
  root: string,
  port: number,
): Promise<LabProcess> {
  const folder = join(bench.folder, contender.id);
  mkdirSync(folder, { recursive: true });
  const address = formatIpv4(bench.network.serverAddress);
  const launch = contender.prepare({ folder, root, address, port });
  return startServerProcess(
    serverCommand(bench, contender, launch, { folder, port }),
    bench.signal,
  );
}

function loadPlan(
  { plan, seed, network }: Bench,
  { fileBytes, blockBytes, atOnce }: TftpLoad,
  {
    files,
    port,
    index,
  }: { files: ReadonlyMap<number, readonly LoadFile[]>; port: number; index: number },
): LoadPlan {
  return {
    server: { address: network.serverAddress, port },
    // Other addresses each time: no load meets what the one before has left behind.
    firstAddress: network.addressBlock.network + LOAD_ADDRESSES * (index % ADDRESS_BLOCKS),
    files: files.get(fileBytes)!,
    atOnce,
    blockBytes,
    seed: seed + index,
    times: plan.tftp.times,
  };
}

/** The files to serve, by their length, and what they must be when they arrive. The same seed, the same files. */
function writeFiles(root: string, { plan, seed }: Bench): ReadonlyMap<number, readonly LoadFile[]> {
  const { loads, filesPerSize }: TftpPlan = plan.tftp;
  mkdirSync(root, { recursive: true });
  const random = new Prng(seed, 0);
  const filesOf = (fileBytes: number): readonly LoadFile[] =>
    Array.from({ length: filesPerSize }, (_, index) => {
      const name = `${fileBytes}-${index}.bin`;
      const bytes = Uint8Array.from({ length: fileBytes }, () => random.nextUInt32());
      writeFileSync(join(root, name), bytes);
      // Servers that change their user must be able to read it, so the umask does not count.
      chmodSync(join(root, name), 0o644);
      return { name, expected: expectationOf(bytes) };
    });
  const sizes = new Set(loads.map(({ fileBytes }) => fileBytes));
  return new Map([...sizes].map((fileBytes) => [fileBytes, filesOf(fileBytes)]));
}

function scoreLoad(
  run: ContenderRun<TftpContender>,
  subject: string,
  { fileBytes }: TftpLoad,
  load: LoadResult,
): void {
  const { filesPerSecond, latencyMs, started, verified } = load;
  const { cpuPercentMax, queueShareMax } = generatorLimits;
  const isBound =
    load.generatorCpuPercent > cpuPercentMax && load.generatorQueueShare > queueShareMax;
  run.keep(subject, load);
  run.score(subject, "files", filesPerSecond, isBound);
  run.score(subject, "megabytes", (filesPerSecond * fileBytes) / 1e6, isBound);
  run.score(subject, "p50", latencyMs.p50);
  run.score(subject, "p99", latencyMs.p99);
  run.score(subject, "started", started);
  run.score(subject, "lost", started - verified);
  run.score(subject, "repeated", load.retransmissions);
  run.score(subject, "cpu", load.generatorCpuPercent);
  run.score(subject, "queue", load.generatorQueueShare);
}

/** The last words of a server that has died; undefined while it lives. */
function deathOf(server: LabProcess): string | undefined {
  try {
    server.check();
    return undefined;
  } catch (error) {
    if (error instanceof LabError) return error.message;
    throw error;
  }
}

function subjectOf({ fileBytes, blockBytes, atOnce }: TftpLoad): string {
  return `${fileBytes / 1024} KiB in blocks of ${blockBytes}, ${atOnce} at once`;
}

function textOfLoad(load: LoadResult): string {
  const { filesPerSecond, latencyMs, started, verified } = load;
  const { generatorCpuPercent, generatorQueueShare } = load;
  const lost = Object.entries(load.failures).map(([problem, count]) => `${count} ${problem}`);
  return [
    `${Math.round(filesPerSecond)} files/s`,
    `p50 ${latencyMs.p50.toFixed(1)} ms, p99 ${latencyMs.p99.toFixed(1)} ms`,
    `${verified} of ${started} right${lost.length === 0 ? "" : ` (${lost.join(", ")})`}`,
    `${load.retransmissions} repeated`,
    `generator ${generatorCpuPercent.toFixed(0)} %, queue ${generatorQueueShare.toFixed(2)}`,
  ].join("; ");
}
