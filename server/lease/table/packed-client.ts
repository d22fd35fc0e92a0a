import type { HardwareAddress, LeaseClient, LeaseExtras } from "../lease.ts";
import { BLOB_BYTES_MAX } from "./blob-arena.ts";
import { putUint16, uint16At } from "./byte-fields.ts";

// A packed client is a twelve-byte header followed by the bytes, in the order of the file. The header:
// hardware type, hardware length (8 bits each); lengths of client id, agent options, hostname (16 bits
// each, big-endian); four bytes for the arena.
export const HEADER_BYTES = 12;
/** Offsets in the header. */
export const PackedField = {
  hardwareType: 0,
  hardwareLength: 1,
  clientIdLength: 2,
  agentOptionsLength: 4,
  hostnameLength: 6,
  vendorClassHandle: 8,
} as const;

/** More than a packet or a file can contain, and less than the arena accepts. */
const PACKED_BYTES_MAX = BLOB_BYTES_MAX - 64;
export const noBytes = new Uint8Array(0);

/**
 * A client and the bytes remembered of it, packed into one piece: in the arena, where `read` finds it, or
 * in its own bytes. The vendor class is stored elsewhere, because many clients share it.
 */
export class PackedClient {
  bytes: Uint8Array;
  start = 0;
  vendorBytes: Uint8Array = noBytes;
  vendorStart = 0;
  vendorLength = 0;
  /** Buffer where clients are assembled. */
  #ownBytes: Uint8Array = new Uint8Array(64);

  constructor() {
    this.bytes = this.#ownBytes;
  }

  /** Resets to no client: a header only, in its own bytes with room for `lengthBytes`. */
  clear(lengthBytes = HEADER_BYTES): void {
    if (this.#ownBytes.length < lengthBytes) this.#ownBytes = new Uint8Array(2 * lengthBytes);
    this.bytes = this.#ownBytes;
    this.start = 0;
    for (let at = 0; at < HEADER_BYTES; at += 1) this.bytes[at] = 0;
    this.vendorLength = 0;
  }

  /** Packs the client; the vendor class is kept as a view. Throws RangeError when it is too long. */
  pack(client: LeaseClient, extras: LeaseExtras): void {
    const { hardware, clientId = noBytes } = client;
    const { agentOptions = noBytes, hostname = noBytes, vendorClass = noBytes } = extras;
    const address = hardware?.address ?? noBytes;
    if (address.length > 255) throw new RangeError(`hardware address of ${address.length} bytes`);
    const length = address.length + clientId.length + agentOptions.length + hostname.length;
    if (Math.max(length, vendorClass.length) > PACKED_BYTES_MAX) {
      throw new RangeError(`client of ${length + vendorClass.length} bytes`);
    }
    this.clear(HEADER_BYTES + length);
    this.bytes[PackedField.hardwareType] = hardware?.type ?? 0;
    this.bytes[PackedField.hardwareLength] = address.length;
    let at = copy(address, this.bytes, HEADER_BYTES);
    at = this.#put(PackedField.clientIdLength, clientId, at);
    at = this.#put(PackedField.agentOptionsLength, agentOptions, at);
    this.#put(PackedField.hostnameLength, hostname, at);
    this.vendorBytes = vendorClass;
    this.vendorStart = 0;
    this.vendorLength = vendorClass.length;
  }

  get hardwareType(): number {
    return this.bytes[this.start];
  }

  get hardwareLength(): number {
    return this.bytes[this.start + PackedField.hardwareLength];
  }

  get hasHardware(): boolean {
    return this.hardwareType !== 0 || this.hardwareLength !== 0;
  }

  get hardwareStart(): number {
    return this.start + HEADER_BYTES;
  }

  get clientIdLength(): number {
    return uint16At(this.bytes, this.start + PackedField.clientIdLength);
  }

  get clientIdStart(): number {
    return this.hardwareStart + this.hardwareLength;
  }

  get agentOptionsLength(): number {
    return uint16At(this.bytes, this.start + PackedField.agentOptionsLength);
  }

  get agentOptionsStart(): number {
    return this.clientIdStart + this.clientIdLength;
  }

  get hostnameLength(): number {
    return uint16At(this.bytes, this.start + PackedField.hostnameLength);
  }

  get hostnameStart(): number {
    return this.agentOptionsStart + this.agentOptionsLength;
  }

  /** Length including the header, without the vendor class. */
  get length(): number {
    return packedLength(this.bytes, this.start);
  }

  /** There is no client, and nothing is remembered. */
  get isNobody(): boolean {
    return this.length === HEADER_BYTES && !this.hasHardware && this.vendorLength === 0;
  }

  // Views, empty when the value is absent.

  hardware(): HardwareAddress | undefined {
    if (!this.hasHardware) return undefined;
    const address = view(this.bytes, this.hardwareStart, this.hardwareLength);
    return { type: this.hardwareType, address };
  }

  clientId(): Uint8Array {
    return view(this.bytes, this.clientIdStart, this.clientIdLength);
  }

  agentOptions(): Uint8Array {
    return view(this.bytes, this.agentOptionsStart, this.agentOptionsLength);
  }

  hostname(): Uint8Array {
    return view(this.bytes, this.hostnameStart, this.hostnameLength);
  }

  vendorClass(): Uint8Array {
    return view(this.vendorBytes, this.vendorStart, this.vendorLength);
  }

  #put(lengthField: number, value: Uint8Array, at: number): number {
    putUint16(this.bytes, lengthField, value.length);
    return copy(value, this.bytes, at);
  }
}

export function packedLength(bytes: Uint8Array, start: number): number {
  return (
    HEADER_BYTES +
    bytes[start + PackedField.hardwareLength] +
    uint16At(bytes, start + PackedField.clientIdLength) +
    uint16At(bytes, start + PackedField.agentOptionsLength) +
    uint16At(bytes, start + PackedField.hostnameLength)
  );
}

function view(bytes: Uint8Array, start: number, length: number): Uint8Array {
  return length === 0 ? noBytes : bytes.subarray(start, start + length);
}

/** Most copies are so short that calling memcpy would cost more. */
function copy(from: Uint8Array, to: Uint8Array, start: number): number {
  for (let at = 0; at < from.length; at += 1) to[start + at] = from[at];
  return start + from.length;
}
