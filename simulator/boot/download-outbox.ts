import { listTransferOptions } from "../../protocol/tftp/options.ts";
import {
  encodeAck,
  encodeError,
  encodeReadRequest,
  type TftpOption,
  tftpErrorCodes,
} from "../../protocol/tftp/packet.ts";
import type { DownloadPolicy } from "./download.ts";
import type { DownloadTable } from "./download-table.ts";
import type { StepWire } from "./step.ts";

interface Refusal {
  readonly code: number;
  readonly message: string;
}

/** What a client refuses, each with its ERROR. */
export const refusals = {
  unknownTransfer: { code: tftpErrorCodes.unknownTransferId, message: "unknown transfer id" },
  badPacket: { code: tftpErrorCodes.illegalOperation, message: "unexpected packet" },
  badOptions: {
    code: tftpErrorCodes.optionRefused,
    message: "options were not asked for like that",
  },
  tooLong: { code: tftpErrorCodes.diskFull, message: "the file is too long" },
} as const satisfies Readonly<Record<string, Refusal>>;

const noOptions: readonly TftpOption[] = [];

/** Builds a download's packets from its row of the table. */
export class DownloadOutbox {
  readonly #table: DownloadTable;
  readonly #wire: StepWire;
  readonly #options: readonly TftpOption[];
  readonly #blockAfterLast: 0 | 1;

  constructor(policy: DownloadPolicy, table: DownloadTable, wire: StepWire) {
    this.#table = table;
    this.#wire = wire;
    this.#options = listTransferOptions(policy.options);
    this.#blockAfterLast = policy.blockAfterLast;
  }

  /** Whether a request has options, as long as the server has not refused them. */
  get hasOptions(): boolean {
    return this.#options.length > 0;
  }

  sendRequest(local: number): void {
    const table = this.#table;
    const server = table.serverOf(local);
    const length = encodeReadRequest(this.#wire.buffer(), 0, {
      filename: table.request[local].filename,
      mode: "octet",
      options: table.plain[local] === 0 ? this.#options : noOptions,
    });
    this.#wire.send(local, length, server.address, server.port);
  }

  /** Acknowledges all blocks in order so far; a new window begins. */
  sendAck(local: number): void {
    const table = this.#table;
    table.windowFill[local] = 0;
    const block = this.blockNumber(table.blocks[local]);
    const length = encodeAck(this.#wire.buffer(), 0, block);
    this.#wire.send(local, length, table.serverOf(local).address, table.serverPort[local]);
  }

  /** Sends an ERROR to the server of the transfer. */
  refuse(local: number, refusal: Refusal): void {
    const table = this.#table;
    this.refuseTo(local, table.serverOf(local).address, table.serverPort[local], refusal);
  }

  refuseTo(local: number, destination: number, port: number, { code, message }: Refusal): void {
    const length = encodeError(this.#wire.buffer(), 0, code, message);
    this.#wire.send(local, length, destination, port);
  }

  /** The block's number on the wire, 16 bits; block 0 is the acknowledgement of the options. */
  blockNumber(block: number): number {
    if (this.#blockAfterLast === 0 || block === 0) return block & 0xffff;
    return ((block - 1) % 0xffff) + 1;
  }
}
