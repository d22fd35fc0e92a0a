import { Rows } from "../../base/rows.ts";
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

/** The state of every device's download, in columns: about 70 bytes a device. */
export class DownloadTable extends Rows {
  readonly request = new Array<DownloadRequest>(this.size).fill(nothing);
  readonly state = new Uint8Array(this.size);
  readonly serverIndex = new Uint8Array(this.size);
  readonly round = new Uint8Array(this.size);
  /** Whether this server is asked without options, because it refused them. */
  readonly plain = new Uint8Array(this.size);
  /** Transmissions since the last progress. */
  readonly transmission = new Uint8Array(this.size);
  /** The server's transfer id. */
  readonly serverPort = new Uint16Array(this.size);
  readonly blockBytes = new Uint16Array(this.size);
  readonly windowBlocks = new Uint16Array(this.size);
  /** Blocks since the last acknowledgement. */
  readonly windowFill = new Uint16Array(this.size);
  /** Whether the present gap was reported, so that the rest of a window does not report it again. */
  readonly gapReported = new Uint8Array(this.size);
  /** Blocks received in order; this one does not wrap at 65,535. */
  readonly blocks = new Uint32Array(this.size);
  readonly announcedBytes = new Float64Array(this.size);
  readonly contentSlot = new Int32Array(this.size).fill(NO_SLOT);
  readonly startedAtMs = new Float64Array(this.size);
  readonly endedAtMs = new Float64Array(this.size);

  beginDownload(local: number, request: DownloadRequest, nowMs: number): void {
    this.request[local] = request;
    this.serverIndex[local] = 0;
    this.round[local] = 0;
    this.plain[local] = 0;
    this.startedAtMs[local] = nowMs;
  }

  /** Until options are agreed, the values of RFC 1350 hold. */
  beginAttempt(local: number): void {
    this.state[local] = DownloadState.requesting;
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
