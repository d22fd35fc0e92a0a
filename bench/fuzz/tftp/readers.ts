import { systemClock } from "../../../base/clock.ts";
import { openUdpSocket, type UdpSocket } from "../../../base/net/udp-socket.ts";
import type { TransferOptions } from "../../../protocol/tftp/options.ts";
import { type DownloadResult, docsisDownload } from "../../../simulator/boot/download.ts";
import { expectationOf } from "../../../simulator/boot/file-hash.ts";
import type { StepServer } from "../../../simulator/boot/step.ts";
import { DownloadDriver } from "../../generators/download-driver.ts";

const optionsByReader: readonly TransferOptions[] = [
  {},
  { blksize: 1428, tsize: 0 },
  { blksize: 1024, windowsize: 8 },
];
/** 127.250.0.1 and up: addresses that no bad packet comes from. */
const FIRST_ADDRESS = 0x7ffa_0001;
/** A request waits up to half a minute for a session while all are taken (TFTP-9). */
const retry = { firstRetryMs: 1000, maxRetryMs: 4000, jitter: 0.1, triesMax: 15 };

/**
 * Honest clients: one download after the other, the file and the way of asking for it new each time.
 * They are the simulator's, so the server is not checked by its own code.
 */
export class TftpReaders {
  /** Downloads that ended with the right file. */
  completed = 0;
  slowestMs = 0;
  readonly socket: UdpSocket;
  readonly #server: StepServer;
  readonly #files: readonly (readonly [string, Uint8Array])[];
  readonly #seed: number;
  #begun = 0;
  /** Plays the reader of the present download. */
  #driver: DownloadDriver | undefined;
  #result: DownloadResult | undefined;

  static async open(
    server: StepServer,
    files: ReadonlyMap<string, Uint8Array>,
    seed: number,
  ): Promise<TftpReaders> {
    const socket = await openUdpSocket({ address: 0, port: 0, backend: "batch" });
    return new TftpReaders(socket, server, [...files], seed);
  }

  private constructor(
    socket: UdpSocket,
    server: StepServer,
    files: readonly (readonly [string, Uint8Array])[],
    seed: number,
  ) {
    this.socket = socket;
    this.#server = server;
    this.#files = files;
    this.#seed = seed;
  }

  /** Begins the next download. */
  begin(): void {
    const [filename, bytes] = this.#files[this.#begun % this.#files.length];
    // Another file for the same reader in the next round of all files.
    const round = Math.floor(this.#begun / this.#files.length);
    const reader = (this.#begun + round) % optionsByReader.length;
    this.#begun += 1;
    this.#result = undefined;
    this.#driver = new DownloadDriver({
      ...{ socket: this.socket, clock: systemClock, seed: this.#seed + this.#begun },
      ...{ firstAddress: FIRST_ADDRESS + reader, devices: 1 },
      policy: { ...docsisDownload, options: optionsByReader[reader], retry, roundsMax: 1 },
      onDownloaded: (result) => {
        this.#result = result;
      },
    });
    const expected = expectationOf(bytes);
    this.#driver.start(0, { filename, servers: [this.#server], expected });
    this.socket.flush();
  }

  /** Reads new datagrams and plays timers that are due. Returns whether the download is over. */
  turn(): boolean {
    this.#driver?.turn();
    return this.#result !== undefined;
  }

  /** To be called when the download is over: undefined when the right file arrived, else the problem. */
  take(): string | undefined {
    const { problem, startedAtMs, endedAtMs, lengthBytes } = this.#result!;
    this.slowestMs = Math.max(this.slowestMs, endedAtMs - startedAtMs);
    if (problem === undefined) {
      this.completed += 1;
      return undefined;
    }
    const [filename] = this.#files[(this.#begun - 1) % this.#files.length];
    return `download ${this.#begun}, of ${filename}: ${problem} after ${lengthBytes} bytes`;
  }

  close(): void {
    this.socket.close();
  }
}
