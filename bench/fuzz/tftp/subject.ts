import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../lab/machine/package-root.ts";
import { loopbackNetwork } from "../../../lab/machine/server-network.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { ServerProcess } from "../harness/server-process.ts";
import { describeInputs, isCleanInputs } from "../campaign/describe-inputs.ts";
import { type FuzzRequest, SERVER_MS_MAX } from "../fuzz-request.ts";
import { describeMemory } from "../campaign/memory-watch.ts";
import { buildTftpCorpus } from "./corpus.ts";
import { fuzzTftpDecoder } from "./packet-reader.ts";
import { makeTftpRoot } from "./served-root.ts";
import { fuzzTftpServer, type TftpServerReport } from "./attack.ts";

// Without a limit V8 lets garbage stand for a while, which looks like growth for the length of a run. With
// it, what really grows ends the server, and the campaign says so.
const heapLimit = "--max-old-space-size=64";

/** The campaigns against TFTP; true when nothing was found and nothing was cut short. */
export async function runTftpFuzz(request: FuzzRequest): Promise<boolean> {
  const { seed, signal, onProgress, onResult } = request;
  const folder = join(request.folder, "tftp");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const root = makeTftpRoot(folder);
  let isClean = true;
  if (request.decoder > 0) {
    const { requests, transferPackets } = buildTftpCorpus({
      names: [...root.files.keys()],
      traps: root.traps,
      outsideFile: root.canaryFile,
    });
    const report = await fuzzTftpDecoder({
      ...{ seed, signal, onProgress },
      packets: request.decoder,
      corpus: [...requests, ...transferPackets],
    });
    onResult(describeInputs("tftp decoder", report));
    isClean &&= isCleanInputs(report, request.decoder);
  }
  if (request.server === 0 || signal.aborted) return isClean;
  const network = loopbackNetwork();
  const server = { address: network.serverAddress, port: network.ports.relay };
  const configFile = join(folder, "prov.yaml");
  const sections = {
    schema: "provlab/prov@1",
    address: formatIpv4(server.address),
    tftp: { root: root.path, port: server.port },
  };
  // JSON is YAML.
  writeFileSync(configFile, JSON.stringify(sections));
  const program = join(packageRoot, "dist", "cli", "main.js");
  const serving = await ServerProcess.start(
    {
      name: "the bundled TFTP server",
      command: [process.execPath, heapLimit, program, "serve", "-c", configFile],
      environment: {},
      logFile: join(folder, "server.log"),
      port: server.port,
      entersNamespace: false,
    },
    signal,
  );
  try {
    const report = await fuzzTftpServer({
      ...{ seed, server, root, signal, onProgress },
      packets: request.server,
      timeMsMax: SERVER_MS_MAX,
      serverMemoryMiB: () => {
        serving.check();
        return serving.memoryMiB()?.now;
      },
    });
    onResult(describeServer(report));
    serving.check();
    return isClean && isCleanServer(report, request.server);
  } finally {
    await serving.stop();
  }
}

function isCleanServer(report: TftpServerReport, wanted: number): boolean {
  const { failure, badReplies, memory, packets } = report;
  return failure === undefined && badReplies === 0 && memory.isFlat && packets === wanted;
}

function describeServer(report: TftpServerReport): string {
  const { packets, replies, badReplies, downloads, slowestDownloadMs, memory, elapsedMs } = report;
  return [
    `tftp server: ${packets} packets in ${(elapsedMs / 1000).toFixed(1)} s, ${replies} replies, ` +
      `${badReplies} of them bad; ${downloads} honest downloads between them all right, ` +
      `the slowest in ${Math.round(slowestDownloadMs)} ms`,
    `tftp server: resident ${describeMemory(memory)}`,
    ...report.examples.map((example) => `tftp server: BAD REPLY ${example}`),
    ...(report.failure === undefined ? [] : [`tftp server: FAILED: ${report.failure}`]),
  ].join("\n");
}
