import { BLOCK_BYTES_DEFAULT } from "../../protocol/tftp/packet.ts";
import type { DownloadRequest } from "./download.ts";

export const DownloadState = {
  idle: 0,
  /** The request is out; the server has no transfer id yet. */
  requesting: 1,
  receiving: 2,
  /** Between two rounds. */
  pausing: 3,
  /** The file is there; a repeated last block is still acknowledged. */
  dallying: 4,
} as const;

export const NO_SLOT = -1;
export const NOT_ANNOUNCED = -1;

const nothing: DownloadRequest = { filename: "", servers: [] };

/** What is remembered of every device's download, in columns: about 80 bytes a device. */
export class DownloadTable {
  readonly size: number;
  readonly request: DownloadRequest[];
  readonly state: Uint8Array;
  readonly serverIndex: Uint8Array;
  readonly round: Uint8Array;
  readonly attempts: Uint16Array;
  /** Whether this server is asked without options, because it refused them. */
  readonly plain: Uint8Array;
  /** Transmissions since the last progress. */
  readonly transmission: Uint8Array;
  readonly retransmissions: Uint32Array;
  /** The server's transfer id. */
  readonly serverPort: Uint16Array;
  readonly blockBytes: Uint16Array;
  readonly windowBlocks: Uint16Array;
  /** Blocks since the last acknowledgement. */
  readonly windowFill: Uint16Array;
  /** Whether the present gap was reported, so that the rest of a window does not report it again. */
  readonly gapReported: Uint8Array;
  /** Blocks received in order; this one does not wrap at 65,535. */
  readonly blocks: Uint32Array;
  readonly announcedBytes: Float64Array;
  readonly contentSlot: Int32Array;
  readonly startedAtMs: Float64Array;
  readonly endedAtMs: Float64Array;

  constructor(size: number) {
    this.size = size;
    this.request = new Array<DownloadRequest>(size).fill(nothing);
    this.state = new Uint8Array(size);
    this.serverIndex = new Uint8Array(size);
    this.round = new Uint8Array(size);
    this.attempts = new Uint16Array(size);
    this.plain = new Uint8Array(size);
    this.transmission = new Uint8Array(size);
    this.retransmissions = new Uint32Array(size);
    this.serverPort = new Uint16Array(size);
    this.blockBytes = new Uint16Array(size);
    this.windowBlocks = new Uint16Array(size);
    this.windowFill = new Uint16Array(size);
    this.gapReported = new Uint8Array(size);
    this.blocks = new Uint32Array(size);
    this.announcedBytes = new Float64Array(size);
    this.contentSlot = new Int32Array(size).fill(NO_SLOT);
    this.startedAtMs = new Float64Array(size);
    this.endedAtMs = new Float64Array(size);
  }

  beginDownload(local: number, request: DownloadRequest, nowMs: number): void {
    this.request[local] = request;
    this.serverIndex[local] = 0;
    this.round[local] = 0;
    this.attempts[local] = 0;
    this.plain[local] = 0;
    this.retransmissions[local] = 0;
    this.startedAtMs[local] = nowMs;
  }

  /** What RFC 1350 has until options are agreed. */
  beginAttempt(local: number): void {
    this.state[local] = DownloadState.requesting;
    this.attempts[local] += 1;
    this.transmission[local] = 0;
    this.serverPort[local] = 0;
    this.blockBytes[local] = BLOCK_BYTES_DEFAULT;
    this.windowBlocks[local] = 1;
    this.windowFill[local] = 0;
    this.gapReported[local] = 0;
    this.blocks[local] = 0;
    this.announcedBytes[local] = NOT_ANNOUNCED;
  }

  /** Where the present attempt goes. */
  serverOf(local: number): { readonly address: number; readonly port: number } {
    return this.request[local].servers[this.serverIndex[local]];
  }
}
