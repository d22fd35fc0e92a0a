import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, vi } from "vitest";
import {
  decodeTftp,
  encodeAck,
  encodeReadRequest,
  type TftpPacket,
} from "../../protocol/tftp/packet.ts";
import { prov } from "../prov-command.testing.ts";

const startMsMax = 60_000;
const answerMsMax = 50_000;

/** A `prov serve` of a test. */
export class ServingProcess {
  readonly #process: ChildProcess;
  /** Everything that it wrote to standard error. */
  said = "";

  private constructor(folder: string, configFile: string) {
    this.#process = spawn(process.execPath, [prov, "serve", "-c", configFile], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#process.stderr!.on("data", (chunk: Buffer) => {
      this.said += chunk.toString();
    });
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  /** The lines of its log, which is JSON because it goes to a pipe. */
  get log(): readonly Readonly<Record<string, unknown>>[] {
    return this.said
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  /** The port on which it says that it serves. */
  portOf(service: string): unknown {
    return this.log.find((line) => line["service"] === service && "port" in line)?.["port"];
  }

  /** Resolves once it serves; `lastService` is the last section of its configuration. */
  static async start(
    folder: string,
    configFile: string,
    lastService: string,
  ): Promise<ServingProcess> {
    const server = new ServingProcess(folder, configFile);
    const isServing = () => expect(server.portOf(lastService), server.said).toBeDefined();
    await vi.waitFor(isServing, startMsMax);
    return server;
  }

  /** Asks it to end and returns its status. */
  async stop(): Promise<number | null> {
    this.#process.kill("SIGTERM");
    const [status] = (await once(this.#process, "exit")) as [number | null];
    return status;
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }
}

/** Sends one datagram and returns the first answer, and where it came from. */
export async function ask(port: number, request: Uint8Array): Promise<[Uint8Array, number]> {
  const socket = createSocket("udp4");
  try {
    socket.send(request, port, "127.0.0.1");
    return await nextDatagram(socket);
  } finally {
    socket.close();
  }
}

/** What a TFTP server answers to a read request: DATA of one block, which is acknowledged, or ERROR. */
export async function fetchBlock(
  address: string,
  port: number,
  filename: string,
): Promise<TftpPacket> {
  const socket = createSocket("udp4");
  try {
    const packet = new Uint8Array(512);
    const length = encodeReadRequest(packet, 0, { filename, mode: "octet", options: [] });
    socket.send(packet.subarray(0, length), port, address);
    const [bytes, from] = await nextDatagram(socket);
    const answer = decodeTftp(bytes);
    if (answer.kind === "data") {
      const ack = packet.subarray(0, encodeAck(packet, 0, answer.block));
      await new Promise<void>((done) => socket.send(ack, from, address, () => done()));
    }
    return answer;
  } finally {
    socket.close();
  }
}

/** The same, for a file that must be there. */
export async function fetchFile(
  address: string,
  port: number,
  filename: string,
): Promise<Uint8Array> {
  const answer = await fetchBlock(address, port, filename);
  if (answer.kind === "data") return answer.bytes;
  throw new Error(`${filename}: answered by ${JSON.stringify(answer)}`);
}

async function nextDatagram(
  socket: ReturnType<typeof createSocket>,
): Promise<[Uint8Array, number]> {
  const signal = AbortSignal.timeout(answerMsMax);
  const [bytes, from] = (await once(socket, "message", { signal })) as [Buffer, { port: number }];
  return [Uint8Array.from(bytes), from.port];
}
