import type { Outcome } from "../dhcp/exchange/outcome.ts";
import {
  CONTENT_BYTES_MAX,
  contentBytes,
  type EndReason,
  type EngineCall,
  encodeSetup,
  endReasons,
  engineCalls,
  FRAME_BYTES,
  RecordType,
  TRACE_FIRST_LINE,
  type TracedPacket,
  type TraceSetup,
  verdicts,
} from "./trace-format.ts";

/** Takes the bytes of a trace. */
export interface TraceSink {
  /** Appends all of the bytes. Returns false when the system refused; it is not called again then. */
  append(bytes: Uint8Array): boolean;
  close(): void;
}

export interface TraceRecorderOptions {
  readonly sink: TraceSink;
  /** The longest that the trace may get, its end marker included. */
  readonly bytesMax: number;
  /** The recording ended before `end`: at the size limit, or because the sink refused. */
  readonly onEarlyEnd?: (endedBy: "full" | "refused") => void;
}

/** How a reply was sent, with the arguments of the socket's `push` or of a raw frame. */
export interface ReplyWay {
  readonly hardware?: Uint8Array;
  readonly destination: number;
  readonly port: number;
  readonly source: number | undefined;
  readonly interfaceIndex: number | undefined;
}

const bufferBytes = 2 * (CONTENT_BYTES_MAX + FRAME_BYTES);
const endBytes = FRAME_BYTES + 1;
const hardwareBytes = 6;

/**
 * Gathers records in memory until `flush`. At the size limit it writes an end marker that says so and
 * stops; it also stops when the sink refuses. Later records are ignored.
 */
export class TraceRecorder {
  readonly #sink: TraceSink;
  readonly #bytesMax: number;
  readonly #onEarlyEnd: TraceRecorderOptions["onEarlyEnd"];
  readonly #bytes = new Uint8Array(bufferBytes);
  readonly #view = new DataView(this.#bytes.buffer);
  #at = 0;
  #bytesWritten = 0;
  #packets = 0;
  #isTurnOpen = false;
  #endedBy: EndReason | "refused" | undefined;

  constructor({ sink, bytesMax, onEarlyEnd }: TraceRecorderOptions) {
    this.#sink = sink;
    this.#bytesMax = bytesMax;
    this.#onEarlyEnd = onEarlyEnd;
    this.#bytes.set(new TextEncoder().encode(TRACE_FIRST_LINE));
    this.#at = TRACE_FIRST_LINE.length;
  }

  /** Why the recording ended; undefined while it goes on. */
  get endedBy(): EndReason | "refused" | undefined {
    return this.#endedBy;
  }

  /** The number of packets so far, which is also the last packet's number. */
  get packets(): number {
    return this.#packets;
  }

  /** Begins a file; its content follows in pieces. */
  file(of: "configuration" | "leases", path: string): void {
    const name = new TextEncoder().encode(path);
    const at = this.#begin(RecordType.file, 1 + name.length);
    if (at < 0) return;
    this.#bytes[at] = of === "configuration" ? 0 : 1;
    this.#bytes.set(name, at + 1);
  }

  content(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; from += CONTENT_BYTES_MAX) {
      this.#put(RecordType.piece, bytes.subarray(from, from + CONTENT_BYTES_MAX));
    }
  }

  setup(setup: TraceSetup): void {
    this.#put(RecordType.setup, new TextEncoder().encode(encodeSetup(setup)));
  }

  /** A turn of the loop begins. Its mark is written before its first record, if there is one. */
  turn(): void {
    this.#isTurnOpen = false;
  }

  packet(packet: TracedPacket): void {
    const { bytes } = packet;
    this.#packets += 1;
    const at = this.#beginInTurn(RecordType.packet, contentBytes.packet + bytes.length);
    if (at < 0) return;
    this.#view.setFloat64(at, packet.arrivedMs);
    this.#view.setUint32(at + 8, packet.sourceAddress);
    this.#view.setUint16(at + 12, packet.sourcePort);
    this.#view.setUint32(at + 14, packet.destinationAddress);
    this.#view.setUint32(at + 18, packet.interfaceIndex);
    this.#bytes.set(bytes, at + contentBytes.packet);
  }

  decision(
    call: EngineCall,
    packet: number,
    outcome: Outcome | { readonly kind: "drop"; readonly reason: string },
    nowSeconds: number,
    nowMs: number,
    interfaceIndex: number,
  ): void {
    const reason = outcome.kind === "drop" ? outcome.reason : "";
    const at = this.#beginInTurn(RecordType.decision, contentBytes.decision + reason.length);
    if (at < 0) return;
    this.#view.setUint32(at, packet);
    this.#bytes[at + 4] = engineCalls.indexOf(call);
    this.#bytes[at + 5] = verdicts.indexOf(outcome.kind);
    this.#view.setFloat64(at + 6, nowSeconds);
    this.#view.setFloat64(at + 14, nowMs);
    this.#view.setUint32(at + 22, interfaceIndex);
    this.#text(at + contentBytes.decision, reason);
  }

  expiry(nowSeconds: number): void {
    const at = this.#beginInTurn(RecordType.expiry, 8);
    if (at >= 0) this.#view.setFloat64(at, nowSeconds);
  }

  /** `code` is empty when the commit succeeded. */
  commit(code: string): void {
    const at = this.#beginInTurn(RecordType.commit, code.length);
    if (at >= 0) this.#text(at, code);
  }

  reply(packet: number, way: ReplyWay, bytes: Uint8Array): void {
    const at = this.#beginInTurn(RecordType.reply, contentBytes.reply + bytes.length);
    if (at < 0) return;
    this.#view.setUint32(at, packet);
    this.#bytes[at + 4] = way.hardware === undefined ? 0 : 1;
    this.#bytes.fill(0, at + 5, at + 5 + hardwareBytes);
    if (way.hardware !== undefined)
      this.#bytes.set(way.hardware.subarray(0, hardwareBytes), at + 5);
    this.#view.setUint32(at + 11, way.destination);
    this.#view.setUint16(at + 15, way.port);
    this.#view.setUint32(at + 17, way.source ?? 0);
    this.#view.setUint32(at + 21, way.interfaceIndex ?? 0);
    this.#bytes.set(bytes, at + contentBytes.reply);
  }

  /** Records at most 255 addresses of a name, more than fit into a reply. */
  hostName(name: string, addresses: readonly number[] | undefined): void {
    const kept = (addresses ?? []).slice(0, 255);
    const at = this.#beginInTurn(RecordType.hostName, 2 + 4 * kept.length + name.length);
    if (at < 0) return;
    this.#bytes[at] = addresses === undefined ? 0 : 1;
    this.#bytes[at + 1] = kept.length;
    for (const [i, address] of kept.entries()) this.#view.setUint32(at + 2 + 4 * i, address);
    this.#text(at + 2 + 4 * kept.length, name);
  }

  addressName(address: number, name: string | undefined): void {
    const text = new TextEncoder().encode(name ?? "");
    const at = this.#beginInTurn(RecordType.addressName, contentBytes.addressName + text.length);
    if (at < 0) return;
    this.#view.setUint32(at, address);
    this.#bytes[at + 4] = name === undefined ? 0 : 1;
    this.#bytes.set(text, at + contentBytes.addressName);
  }

  /** Passes the gathered bytes to the sink. */
  flush(): void {
    if (this.#at === 0 || this.#endedBy === "refused") return;
    this.#bytesWritten += this.#at;
    const isTaken = this.#sink.append(this.#bytes.subarray(0, this.#at));
    this.#at = 0;
    if (isTaken) return;
    this.#endedBy = "refused";
    this.#onEarlyEnd?.("refused");
  }

  /** Writes the last record. Later calls do nothing. */
  end(reason: EndReason): void {
    if (this.#endedBy === undefined) this.#close(reason);
    this.#sink.close();
  }

  #close(reason: EndReason): void {
    if (this.#at + endBytes > bufferBytes) this.flush();
    if (this.#endedBy !== undefined) return;
    const at = this.#frame(RecordType.end, 1);
    this.#bytes[at] = endReasons.indexOf(reason);
    this.flush();
    if (this.#endedBy !== undefined) return;
    this.#endedBy = reason;
    if (reason === "full") this.#onEarlyEnd?.("full");
  }

  /** One byte for each character, which suffices for these texts. */
  #text(at: number, text: string): void {
    for (let i = 0; i < text.length; i += 1) this.#bytes[at + i] = text.charCodeAt(i);
  }

  #put(type: number, content: Uint8Array): void {
    const at = this.#begin(type, content.length);
    if (at >= 0) this.#bytes.set(content, at);
  }

  #beginInTurn(type: number, length: number): number {
    if (!this.#isTurnOpen) {
      this.#isTurnOpen = true;
      this.#begin(RecordType.turn, 0);
    }
    return this.#begin(type, length);
  }

  /** Returns where the content goes, or -1 when the recording has ended. */
  #begin(type: number, length: number): number {
    if (this.#endedBy !== undefined) return -1;
    const bytes = FRAME_BYTES + length;
    if (length > CONTENT_BYTES_MAX) throw new RangeError(`a record of ${length} bytes`);
    if (this.#bytesWritten + this.#at + bytes + endBytes > this.#bytesMax) {
      this.#close("full");
      return -1;
    }
    if (this.#at + bytes > bufferBytes) this.flush();
    return this.#endedBy === undefined ? this.#frame(type, length) : -1;
  }

  #frame(type: number, length: number): number {
    const at = this.#at;
    this.#bytes[at] = type;
    this.#view.setUint32(at + 1, length);
    this.#at = at + FRAME_BYTES + length;
    return at + FRAME_BYTES;
  }
}
