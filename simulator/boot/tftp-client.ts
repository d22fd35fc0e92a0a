import { DecodeError } from "../../protocol/decode-error.ts";
import {
  optionAckFault,
  parseTransferOptions,
  transferDefaults,
} from "../../protocol/tftp/options.ts";
import {
  decodeTftp,
  type TftpOption,
  type TftpPacket,
  tftpErrorCodes,
} from "../../protocol/tftp/packet.ts";
import {
  checkDownloadPolicy,
  type DownloadPolicy,
  type DownloadProblem,
  type DownloadRequest,
  type DownloadSink,
} from "./download.ts";
import { DownloadOutbox, refusals } from "./download-outbox.ts";
import { DownloadStore } from "./download-store.ts";
import { DownloadState, DownloadTable, NO_SLOT, NOT_ANNOUNCED } from "./download-table.ts";
import { checkStepServers, type StepRandom, type StepTimers, stepWaitMs } from "./step.ts";

interface TftpClientContext {
  /** Devices, numbered from 0. */
  readonly size: number;
  readonly policy: DownloadPolicy;
  readonly sink: DownloadSink;
  readonly timers: StepTimers;
  readonly random: StepRandom;
}

const errorProblems: ReadonlyMap<number, DownloadProblem> = new Map([
  [tftpErrorCodes.fileNotFound, "not-found"],
  [tftpErrorCodes.accessViolation, "access-violation"],
]);

/**
 * TFTP read clients (RFC 1350, 2347 to 2349, 7440), one download a device: the primary server, then
 * the others, then all of them again, until the right file is there or the policy gives up. A block
 * is hashed as it comes and forgotten, unless the contents were asked for.
 */
export class TftpClient {
  /** Packets that changed nothing, by reason. */
  readonly ignored = {
    /** Not TFTP. */
    undecodable: 0,
    /** From another transfer id than the server's, answered by ERROR 5 (RFC 1350 section 4). */
    wrongTransferId: 0,
    /** A block that was there already, or an option acknowledgement after the first block. */
    repeated: 0,
    /** A block of a window whose earlier part was lost. */
    beyondGap: 0,
    /** For a device that downloads nothing. */
    unexpected: 0,
  };
  readonly #context: TftpClientContext;
  readonly #policy: DownloadPolicy;
  readonly #sink: DownloadSink;
  readonly #table: DownloadTable;
  readonly #store: DownloadStore;
  readonly #outbox: DownloadOutbox;

  /** Throws RangeError for a policy that cannot work. */
  constructor(context: TftpClientContext) {
    checkDownloadPolicy(context.policy);
    this.#context = context;
    this.#policy = context.policy;
    this.#sink = context.sink;
    this.#table = new DownloadTable(context.size);
    this.#store = new DownloadStore(context.policy, this.#table);
    this.#outbox = new DownloadOutbox(context.policy, this.#table, context.sink);
  }

  /** Whether the device waits for a server, or for its next round. */
  isActive(local: number): boolean {
    const state = this.#table.state[local];
    return state !== DownloadState.idle && state !== DownloadState.dallying;
  }

  /** Begins a download; one that still runs is forgotten. Throws RangeError without a server. */
  start(local: number, request: DownloadRequest, nowMs: number): void {
    checkStepServers(`download of ${request.filename}`, request.servers);
    this.cancel(local);
    this.#table.beginDownload(local, request, nowMs);
    this.#ask(local, nowMs);
  }

  /** Forgets the download and sends nothing, as in a power cut. */
  cancel(local: number): void {
    if (this.isActive(local)) this.#context.timers.cancel(local);
    this.#table.state[local] = DownloadState.idle;
    this.#store.drop(local);
  }

  /** The device's timer ran out. */
  timeOut(local: number, nowMs: number): void {
    const table = this.#table;
    const state = table.state[local];
    if (state === DownloadState.pausing) {
      this.#ask(local, nowMs);
      return;
    }
    if (state !== DownloadState.requesting && state !== DownloadState.receiving) return;
    table.transmission[local] += 1;
    if (table.transmission[local] >= this.#policy.retry.triesMax) {
      const isSilent = state === DownloadState.requesting;
      this.#failAttempt(local, isSilent ? "no-answer" : "stalled", nowMs);
      return;
    }
    this.#sink.retransmitted(local);
    if (state === DownloadState.requesting) this.#sendRequest(local, nowMs);
    else this.#acknowledge(local, nowMs);
  }

  /** A datagram to the device's TFTP port. */
  receive(
    local: number,
    bytes: Uint8Array,
    source: number,
    sourcePort: number,
    nowMs: number,
  ): void {
    let packet: TftpPacket;
    try {
      packet = decodeTftp(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.ignored.undecodable += 1;
      return;
    }
    const table = this.#table;
    const state = table.state[local];
    if (state === DownloadState.idle || state === DownloadState.pausing) {
      this.ignored.unexpected += 1;
    } else if (!this.#isFromServer(local, packet, source, sourcePort)) {
      this.ignored.wrongTransferId += 1;
      // An ERROR is never answered, or two hosts could go on for ever.
      if (packet.kind !== "error") {
        this.#outbox.refuseTo(local, source, sourcePort, refusals.unknownTransfer);
      }
    } else if (state === DownloadState.dallying) {
      this.#dally(local, packet, nowMs);
    } else {
      if (state === DownloadState.requesting) table.serverPort[local] = sourcePort;
      this.#take(local, packet, nowMs);
    }
  }

  /** The first answer fixes the transfer id; only what may begin a transfer can do so. */
  #isFromServer(local: number, packet: TftpPacket, source: number, sourcePort: number): boolean {
    const table = this.#table;
    if (source !== table.serverOf(local).address) return false;
    if (table.state[local] !== DownloadState.requesting) {
      return sourcePort === table.serverPort[local];
    }
    return packet.kind !== "data" || packet.block === 1;
  }

  #take(local: number, packet: TftpPacket, nowMs: number): void {
    switch (packet.kind) {
      case "data":
        this.#table.state[local] = DownloadState.receiving;
        this.#takeData(local, packet.block, packet.bytes, nowMs);
        return;
      case "option-ack":
        this.#takeOptions(local, packet.options, nowMs);
        return;
      case "error":
        this.#takeError(local, packet.code, nowMs);
        return;
      default:
        this.#breakOff(local, "bad-packet", nowMs);
    }
  }

  #takeOptions(local: number, answer: readonly TftpOption[], nowMs: number): void {
    const table = this.#table;
    if (table.blocks[local] > 0) {
      this.ignored.repeated += 1;
      return;
    }
    const requested = table.plain[local] === 0 ? this.#policy.options : {};
    const parsed = parseTransferOptions(answer);
    if (parsed.kind === "refused" || optionAckFault(requested, parsed.options) !== undefined) {
      this.#outbox.refuse(local, refusals.badOptions);
      this.#askWithoutOptions(local, nowMs);
      return;
    }
    const { blksize, windowsize, tsize } = parsed.options;
    if (tsize !== undefined && tsize > this.#policy.fileBytesMax) {
      this.#breakOff(local, "too-long", nowMs);
      return;
    }
    table.blockBytes[local] = blksize ?? transferDefaults.blksize;
    table.windowBlocks[local] = windowsize ?? transferDefaults.windowsize;
    table.announcedBytes[local] = tsize ?? NOT_ANNOUNCED;
    if (table.state[local] === DownloadState.requesting) table.transmission[local] = 0;
    table.state[local] = DownloadState.receiving;
    this.#acknowledge(local, nowMs);
  }

  #takeData(local: number, block: number, bytes: Uint8Array, nowMs: number): void {
    const table = this.#table;
    const blockBytes = table.blockBytes[local];
    if (block !== this.#outbox.blockNumber(table.blocks[local] + 1)) {
      this.#takeOutOfOrder(local, block, nowMs);
      return;
    }
    if (bytes.length > blockBytes) {
      this.#breakOff(local, "bad-packet", nowMs);
      return;
    }
    if (!this.#store.append(local, bytes)) {
      this.#breakOff(local, "too-long", nowMs);
      return;
    }
    table.blocks[local] += 1;
    table.transmission[local] = 0;
    table.gapReported[local] = 0;
    table.windowFill[local] += 1;
    if (bytes.length < blockBytes) {
      this.#outbox.sendAck(local);
      this.#finish(local, nowMs);
    } else if (table.windowFill[local] >= table.windowBlocks[local]) {
      this.#acknowledge(local, nowMs);
    } else {
      this.#awaitAnswer(local, nowMs);
    }
  }

  /**
   * Behind: the acknowledgement of the last block was lost, so it is repeated (RFC 1123 section
   * 4.2.3.1). Ahead: a block of the window was lost, so the sender hears of it once (RFC 7440 section 4).
   */
  #takeOutOfOrder(local: number, block: number, nowMs: number): void {
    const table = this.#table;
    const last = this.#outbox.blockNumber(table.blocks[local]);
    if (((block - last) & 0xffff) <= 0x8000 && block !== last) {
      this.ignored.beyondGap += 1;
      if (table.gapReported[local] !== 0) return;
      table.gapReported[local] = 1;
      this.#acknowledge(local, nowMs);
      return;
    }
    this.ignored.repeated += 1;
    if (block === last && table.windowFill[local] === 0) this.#outbox.sendAck(local);
  }

  #takeError(local: number, code: number, nowMs: number): void {
    const isAnswer = this.#table.state[local] === DownloadState.receiving;
    // A request has no transfer id yet, so this ERROR belongs to an earlier attempt.
    if (code === tftpErrorCodes.unknownTransferId && !isAnswer) this.ignored.unexpected += 1;
    else if (code === tftpErrorCodes.optionRefused) this.#askWithoutOptions(local, nowMs);
    else this.#failAttempt(local, errorProblems.get(code) ?? "server-error", nowMs);
  }

  /** RFC 2347: a client that does not get its options may ask again without. */
  #askWithoutOptions(local: number, nowMs: number): void {
    const table = this.#table;
    if (table.plain[local] !== 0 || !this.#outbox.hasOptions) {
      this.#failAttempt(local, "options-refused", nowMs);
      return;
    }
    table.plain[local] = 1;
    this.#ask(local, nowMs);
  }

  #finish(local: number, nowMs: number): void {
    const problem = this.#store.problemOf(local);
    if (problem !== undefined) {
      this.#failAttempt(local, problem, nowMs);
      return;
    }
    this.#table.state[local] = DownloadState.dallying;
    this.#end(local, undefined, nowMs);
  }

  #dally(local: number, packet: TftpPacket, nowMs: number): void {
    const table = this.#table;
    const isLate = nowMs > table.endedAtMs[local] + this.#policy.dallyMs;
    const isLast =
      packet.kind === "data" && packet.block === this.#outbox.blockNumber(table.blocks[local]);
    if (isLate || !isLast) {
      this.ignored.unexpected += 1;
      return;
    }
    this.ignored.repeated += 1;
    this.#outbox.sendAck(local);
  }

  /** The attempt fails, and an ERROR tells the server why. */
  #breakOff(local: number, problem: "bad-packet" | "too-long", nowMs: number): void {
    this.#outbox.refuse(local, problem === "too-long" ? refusals.tooLong : refusals.badPacket);
    this.#failAttempt(local, problem, nowMs);
  }

  /** The next server, the next round after a pause, or the end. */
  #failAttempt(local: number, problem: DownloadProblem, nowMs: number): void {
    const table = this.#table;
    const { servers } = table.request[local];
    const isLastServer = table.serverIndex[local] + 1 >= servers.length;
    if (isLastServer && table.round[local] + 1 >= this.#policy.roundsMax) {
      table.state[local] = DownloadState.idle;
      this.#end(local, problem, nowMs);
      return;
    }
    this.#sink.attemptFailed(local, table.serverOf(local).address, problem);
    table.plain[local] = 0;
    if (!isLastServer) {
      table.serverIndex[local] += 1;
      this.#ask(local, nowMs);
      return;
    }
    table.serverIndex[local] = 0;
    table.round[local] += 1;
    table.state[local] = DownloadState.pausing;
    this.#store.drop(local);
    const { jitter } = this.#policy.retry;
    const share = 1 + jitter * (this.#context.random(local) / 2 ** 31 - 1);
    this.#context.timers.schedule(local, nowMs + this.#policy.roundWaitMs * share);
  }

  #end(local: number, problem: DownloadProblem | undefined, nowMs: number): void {
    const table = this.#table;
    const lengthBytes = this.#store.lengthBytes(local);
    const { expected } = table.request[local];
    // The sink may start the device's next download, so its row must be free before.
    const slot = this.#store.detach(local);
    const isKept = slot !== NO_SLOT && problem === undefined;
    table.endedAtMs[local] = nowMs;
    this.#context.timers.cancel(local);
    this.#sink.downloaded({
      local,
      ...(problem === undefined ? {} : { problem }),
      server: table.serverOf(local).address,
      serverIndex: table.serverIndex[local],
      lengthBytes,
      ...(expected === undefined ? {} : { expected }),
      startedAtMs: table.startedAtMs[local],
      endedAtMs: nowMs,
      ...(isKept ? { content: this.#store.view(slot, lengthBytes) } : {}),
    });
    this.#store.release(slot);
  }

  #ask(local: number, nowMs: number): void {
    this.#table.beginAttempt(local);
    this.#store.begin(local);
    this.#sendRequest(local, nowMs);
  }

  #sendRequest(local: number, nowMs: number): void {
    this.#outbox.sendRequest(local);
    this.#awaitAnswer(local, nowMs);
  }

  #acknowledge(local: number, nowMs: number): void {
    this.#outbox.sendAck(local);
    this.#awaitAnswer(local, nowMs);
  }

  #awaitAnswer(local: number, nowMs: number): void {
    const { random, timers } = this.#context;
    const attempt = this.#table.transmission[local];
    timers.schedule(local, nowMs + stepWaitMs(this.#policy.retry, attempt, random(local)));
  }
}
