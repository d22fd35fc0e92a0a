import { hash32 } from "../../base/prng.ts";
import { TimerWheel } from "../../base/timer-wheel.ts";
import { DecodeError } from "../../protocol/decode-error.ts";
import { type Ipv4Network, isInNetwork } from "../../protocol/ipv4.ts";
import {
  BLOCK_BYTES_DEFAULT,
  DATA_HEADER_BYTES,
  decodeTftp,
  encodeError,
  type TftpPacket,
  type TftpRequest,
  tftpErrorCodes,
} from "../../protocol/tftp/packet.ts";
import { type AddressLimits, AddressShares } from "./address-shares.ts";
import { countCode, type TftpCounters, type UnservedReason } from "./counters.ts";
import { agreeOnTransfer, type Refusal, refusal, type TransferPolicy } from "./negotiation.ts";
import { PortRotation } from "./port-rotation.ts";
import { type Session, SessionTable } from "./session-table.ts";
import { type PacketSink, ReadTransfer, type TransferEnd } from "./transfer.ts";
import { NetasciiContent, type TransferContent } from "./transfer-content.ts";
import type { TransferLog } from "./transfer-log.ts";
import { WaitingQueue, type WaitingRequest } from "./waiting-queue.ts";

export type OpenResult = { readonly kind: "opened"; readonly content: TransferContent } | Refusal;

/** The sockets as the service sees them. Port 0 takes requests. */
export interface TftpOutlet {
  slot(port: number): Uint8Array;
  push(
    port: number,
    length: number,
    destination: number,
    destinationPort: number,
    source: number,
  ): void;
}

export interface TftpServiceOptions {
  readonly open: (filename: string, clientAddress: number) => OpenResult;
  readonly outlet: TftpOutlet;
  /** The longest transfer packet that each port can send; -1 for a port without transfers. */
  readonly packetBytesMaxByPort: readonly number[];
  readonly policy: TransferPolicy;
  readonly sessionsMax: number;
  readonly queueMax: number;
  /** Only clients in these networks are answered; undefined: all are. */
  readonly allow: readonly Ipv4Network[] | undefined;
  readonly addressLimits: AddressLimits;
  readonly counters: TftpCounters;
  /** Not called for every packet. */
  readonly observer: Pick<TransferLog, "ended" | "refused" | "unserved">;
  readonly seed: number;
  readonly startMs: number;
}

const NONE = -1;
/** DATA without options; neither an ERROR nor an OACK is longer. */
const plainPacketBytes = DATA_HEADER_BYTES + BLOCK_BYTES_DEFAULT;
const tickMs = 10;
/** A client that has waited longer for its first packet has given up. */
const waitMsMax = 30_000;
/** While others wait, a silent client keeps its session only this long. */
const unansweredMsWhenFull = 2000;
const silentMsWhenFull = 30_000;
/** When a transfer has been silent this long, a repeated request starts it again. */
const restartMsMin = 1000;
/** While requests wait, the service looks for room this often. */
const queueCheckMs = 100;
/** Bounds how many packets forged requests can make us send to others. */
const errorsPerSecondMax = 1000;
const secondMs = 1000;
const readOnly = refusal(
  tftpErrorCodes.accessViolation,
  "write requests are refused: this server is read-only",
);
const obsoleteMode = refusal(
  tftpErrorCodes.illegalOperation,
  "mail mode is obsolete: use octet or netascii",
);

/** All of TFTP except its sockets, files and clocks: packets in, packets out. */
export class TftpService implements PacketSink {
  readonly #options: TftpServiceOptions;
  readonly #shares: AddressShares;
  readonly #sessions: SessionTable;
  readonly #queue: WaitingQueue;
  readonly #ports: PortRotation;
  readonly #timers: TimerWheel;
  readonly #sessionsOnPort: Int32Array;
  readonly #onDue = (id: number): void => this.#onTimeout(id);
  #nowMs: number;
  #errorsLeft = errorsPerSecondMax;
  #errorsRefilledAtMs: number;
  // Where the current transfer sends its packets.
  #sinkPort = 0;
  #sinkAddress = 0;
  #sinkClientPort = 0;
  #sinkSource = 0;

  constructor(options: TftpServiceOptions) {
    this.#options = options;
    this.#shares = new AddressShares(options.addressLimits, options.seed);
    this.#sessions = new SessionTable(options.sessionsMax, options.seed);
    this.#queue = new WaitingQueue(options.queueMax);
    this.#ports = new PortRotation(options.packetBytesMaxByPort);
    this.#timers = new TimerWheel(options.sessionsMax, tickMs, options.startMs);
    this.#sessionsOnPort = new Int32Array(options.packetBytesMaxByPort.length);
    this.#nowMs = options.startMs;
    this.#errorsRefilledAtMs = options.startMs;
  }

  get sessionCount(): number {
    return this.#sessions.count;
  }

  get waitingCount(): number {
    return this.#queue.count;
  }

  sessionsOnPort(port: number): number {
    return this.#sessionsOnPort[port];
  }

  /** Takes one datagram. `localAddress` is its destination, 0 when unknown. Never throws on bytes. */
  receive(
    port: number,
    bytes: Uint8Array,
    address: number,
    clientPort: number,
    localAddress: number,
    nowMs: number,
  ): void {
    this.#nowMs = nowMs;
    // RFC 1123 section 4.2.3.4: do not answer a request to a broadcast address.
    if (clientPort === 0 || address === 0 || localAddress >= 0xe000_0000) return;
    this.#sendTo(port, address, clientPort, localAddress);
    let packet: TftpPacket;
    try {
      packet = decodeTftp(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      countCode(this.#options.counters.rejected, error.code);
      // If it looked like a request, tell the sender why nothing comes.
      if (port === 0 && bytes.length >= 2 && bytes[0] === 0 && (bytes[1] === 1 || bytes[1] === 2)) {
        const message = `this is not a valid request: ${error.message}`;
        this.#sendError(tftpErrorCodes.illegalOperation, message);
      }
      return;
    }
    if (isRequest(packet)) {
      if (port === 0) this.#onRequest(packet, bytes, address, clientPort, localAddress);
      else this.#sendError(tftpErrorCodes.illegalOperation, "requests go to the server's port");
      return;
    }
    const id = this.#sessions.find(address, clientPort);
    if (id === NONE || this.#sessions.get(id).port !== port) {
      this.#options.counters["unknown-transfers"] += 1;
      if (packet.kind !== "error") {
        this.#sendError(tftpErrorCodes.unknownTransferId, "there is no such transfer");
      }
      return;
    }
    this.#onTransferPacket(id, packet);
  }

  /** Does everything that is due. Call it after each batch, and at `nextDueMs`. */
  advance(nowMs: number): void {
    this.#nowMs = nowMs;
    if (nowMs - this.#errorsRefilledAtMs >= secondMs) {
      this.#errorsLeft = errorsPerSecondMax;
      this.#errorsRefilledAtMs = nowMs;
    }
    this.#timers.advance(nowMs, this.#onDue);
    while (this.#queue.count > 0 && this.#hasRoom()) {
      const waiting = this.#queue.take()!;
      const isTooLate = nowMs - waiting.arrivedAtMs > waitMsMax;
      if (isTooLate) this.#options.counters["queue-expired"] += 1;
      if (isTooLate || !this.#start(waiting)) {
        this.#shares.giveSessionBack(waiting.clientAddress);
      }
    }
  }

  /** Undefined when only a packet can make something happen. */
  nextDueMs(): number | undefined {
    const dueMs = this.#timers.nextDueMs();
    if (this.#queue.count === 0) return dueMs;
    return Math.min(dueMs ?? Number.POSITIVE_INFINITY, this.#nowMs + queueCheckMs);
  }

  /** Closes every file. Clients find out by their own time-outs. */
  stop(): void {
    for (const id of this.#sessions.ids()) this.#abandon(id, "server-stopped");
  }

  slot(): Uint8Array {
    return this.#options.outlet.slot(this.#sinkPort);
  }

  push(length: number): void {
    this.#options.outlet.push(
      this.#sinkPort,
      length,
      this.#sinkAddress,
      this.#sinkClientPort,
      this.#sinkSource,
    );
  }

  #onRequest(
    request: TftpRequest,
    bytes: Uint8Array,
    clientAddress: number,
    clientPort: number,
    localAddress: number,
  ): void {
    const { counters } = this.#options;
    counters.requests += 1;
    if (!this.#isAllowed(clientAddress)) {
      this.#leaveUnserved(request, clientAddress, "network");
      return;
    }
    // Whatever is answered, it is sent to an address that may be forged.
    if (!this.#shares.takePacket(clientAddress, this.#nowMs)) {
      this.#leaveUnserved(request, clientAddress, "budget");
      return;
    }
    if (request.kind === "write-request") {
      this.#refuse(request.filename, clientAddress, readOnly);
      return;
    }
    const fingerprint = fingerprintOf(bytes);
    const id = this.#sessions.find(clientAddress, clientPort);
    if (id !== NONE && !this.#makesWay(id, fingerprint)) return;
    const waiting: WaitingRequest = {
      request,
      fingerprint,
      clientAddress,
      clientPort,
      localAddress,
      arrivedAtMs: this.#nowMs,
    };
    if (!this.#shares.takeSession(clientAddress)) {
      this.#leaveUnserved(request, clientAddress, "sessions");
      return;
    }
    // Requests that already wait go first.
    const isServed =
      this.#queue.count === 0 && this.#hasRoom() ? this.#start(waiting) : this.#wait(waiting);
    if (!isServed) this.#shares.giveSessionBack(clientAddress);
  }

  #leaveUnserved(request: TftpRequest, clientAddress: number, reason: UnservedReason): void {
    this.#options.counters.unserved[reason] += 1;
    this.#options.observer.unserved(request.filename, clientAddress, reason);
  }

  #isAllowed(address: number): boolean {
    return this.#options.allow?.some((network) => isInNetwork(address, network)) ?? true;
  }

  /** Returns false when the request only repeats the one that this session serves. */
  #makesWay(id: number, fingerprint: number): boolean {
    const session = this.#sessions.get(id);
    const { transfer } = session;
    if (session.fingerprint === fingerprint) {
      const silentMs = this.#nowMs - transfer.progressAtMs;
      if (!transfer.isAnswered || silentMs < restartMsMin) {
        this.#options.counters["requests-repeated"] += 1;
        this.#aim(session);
        transfer.repeatStart(this.#nowMs, this);
        this.#settle(id);
        return false;
      }
    }
    this.#abandon(id, "replaced");
    return true;
  }

  /** Returns whether the request takes a place in the queue. */
  #wait(waiting: WaitingRequest): boolean {
    const { counters } = this.#options;
    const outcome = this.#queue.offer(waiting);
    if (outcome === "queued") counters.queued += 1;
    else if (outcome === "repeated") counters["requests-repeated"] += 1;
    else counters["queue-full"] += 1;
    return outcome === "queued";
  }

  /** True when a session is free or was taken from a silent client. */
  #hasRoom(): boolean {
    if (!this.#sessions.isFull) return true;
    return (
      this.#evict(this.#sessions.oldestUnanswered(), unansweredMsWhenFull) ||
      this.#evict(this.#sessions.mostSilent(), silentMsWhenFull)
    );
  }

  #evict(id: number, silentMsMin: number): boolean {
    if (id === NONE) return false;
    if (this.#nowMs - this.#sessions.get(id).transfer.progressAtMs < silentMsMin) return false;
    this.#abandon(id, "evicted");
    return true;
  }

  /** Returns whether a session has begun; otherwise the request was refused. */
  #start(waiting: WaitingRequest): boolean {
    const { request, clientAddress, clientPort, localAddress, fingerprint } = waiting;
    const { policy, counters } = this.#options;
    const { filename } = request;
    // A refusal comes from a transfer port, too (RFC 1350).
    const errorPort = this.#ports.next(plainPacketBytes);
    this.#sendTo(errorPort, clientAddress, clientPort, localAddress);
    if (request.mode === "mail") {
      this.#refuse(filename, clientAddress, obsoleteMode);
      return false;
    }
    const opened = this.#options.open(filename, clientAddress);
    if (opened.kind === "refused") {
      this.#refuse(filename, clientAddress, opened);
      return false;
    }
    const isText = request.mode === "netascii";
    const size = isText ? undefined : opened.content.size;
    const agreement = agreeOnTransfer(request, size, policy);
    if (agreement.kind === "refused") {
      opened.content.close();
      this.#refuse(filename, clientAddress, agreement);
      return false;
    }
    const { settings } = agreement;
    const { blockBytes, windowBlocks } = settings;
    const content = isText
      ? new NetasciiContent(opened.content, blockBytes, windowBlocks)
      : opened.content;
    const port =
      blockBytes <= BLOCK_BYTES_DEFAULT
        ? errorPort
        : this.#ports.next(DATA_HEADER_BYTES + blockBytes);
    const session: Session = {
      port,
      clientAddress,
      clientPort,
      localAddress,
      filename,
      fingerprint,
      startedAtMs: this.#nowMs,
      content,
      transfer: new ReadTransfer(content, settings),
    };
    const id = this.#sessions.add(session);
    this.#sessionsOnPort[port] += 1;
    counters.started += 1;
    this.#aim(session);
    session.transfer.start(this.#nowMs, this);
    this.#settle(id);
    return true;
  }

  #onTransferPacket(id: number, packet: Exclude<TftpPacket, TftpRequest>): void {
    const { transfer, clientAddress } = this.#sessions.get(id);
    switch (packet.kind) {
      case "ack": {
        const before = transfer.acknowledgedBlocks;
        const wasAnswered = transfer.isAnswered;
        transfer.onAck(packet.block, this.#nowMs, this);
        if (transfer.acknowledgedBlocks !== before || transfer.isAnswered !== wasAnswered) {
          this.#sessions.markProgress(id);
        }
        if (transfer.isAnswered !== wasAnswered) this.#shares.givePacketBack(clientAddress);
        break;
      }
      case "error":
        transfer.onError(packet.code);
        break;
      default:
        transfer.onIllegalPacket(this);
    }
    this.#settle(id);
  }

  #onTimeout(id: number): void {
    const session = this.#sessions.get(id);
    // Timers do not move at each ACK, so this one may have been postponed.
    if (session.transfer.dueAtMs <= this.#nowMs) {
      this.#aim(session);
      session.transfer.onTimeout(this.#nowMs, this);
    }
    this.#settle(id);
  }

  #abandon(id: number, reason: TransferEnd): void {
    this.#sessions.get(id).transfer.abandon(reason);
    this.#settle(id);
  }

  /** Called after each event of a session: ends the session or updates its timer. */
  #settle(id: number): void {
    const session = this.#sessions.get(id);
    const { transfer } = session;
    if (transfer.end === undefined) {
      const isInTime = this.#timers.isScheduled(id) && this.#timers.dueAtMs(id) <= transfer.dueAtMs;
      if (!isInTime) this.#timers.schedule(id, transfer.dueAtMs);
      return;
    }
    const { counters, observer } = this.#options;
    this.#timers.cancel(id);
    this.#sessions.remove(id);
    this.#shares.giveSessionBack(session.clientAddress);
    this.#sessionsOnPort[session.port] -= 1;
    session.content.close();
    counters["blocks-sent"] += transfer.blocksSent;
    counters["blocks-repeated"] += transfer.blocksRepeated;
    counters["bytes-sent"] += transfer.bytesSent;
    counters.ended[transfer.end] += 1;
    observer.ended(session, transfer.end, this.#nowMs);
  }

  #refuse(filename: string, clientAddress: number, refusal: Refusal): void {
    countCode(this.#options.counters.refused, refusal.code);
    this.#options.observer.refused(filename, clientAddress, refusal);
    this.push(encodeError(this.slot(), 0, refusal.code, refusal.message));
  }

  #sendError(code: number, message: string): void {
    const address = this.#sinkAddress;
    const isAffordable =
      this.#errorsLeft > 0 &&
      this.#isAllowed(address) &&
      this.#shares.takePacket(address, this.#nowMs);
    if (!isAffordable) {
      this.#options.counters["errors-suppressed"] += 1;
      return;
    }
    this.#errorsLeft -= 1;
    this.push(encodeError(this.slot(), 0, code, message));
  }

  #aim({ port, clientAddress, clientPort, localAddress }: Session): void {
    this.#sendTo(port, clientAddress, clientPort, localAddress);
  }

  #sendTo(port: number, address: number, clientPort: number, source: number): void {
    this.#sinkPort = port;
    this.#sinkAddress = address;
    this.#sinkClientPort = clientPort;
    this.#sinkSource = source;
  }
}

function isRequest(packet: TftpPacket): packet is TftpRequest {
  return packet.kind === "read-request" || packet.kind === "write-request";
}

function fingerprintOf(bytes: Uint8Array): number {
  let fingerprint = bytes.length;
  for (let at = 0; at < bytes.length; at += 1) {
    fingerprint = Math.imul(fingerprint ^ bytes[at], 0x0100_0193);
  }
  return hash32(fingerprint, 0, bytes.length);
}
