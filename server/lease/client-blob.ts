import { BlobArena } from "./blob-arena.ts";
import type { HardwareAddress, LeaseClient, LeaseExtras } from "./lease.ts";

// A blob is a header of ten bytes and then the bytes themselves:
//   hardware type, hardware length (8 bits each); lengths of client id, hostname, vendor class,
//   agent options (16 bits each, big-endian).
const HEADER_BYTES = 10;
const empty = new Uint8Array(0);

/** What a lease's blob holds; empty arrays are fields that are not there. */
export interface ClientBlob {
  readonly hardware: HardwareAddress | undefined;
  readonly clientId: Uint8Array;
  readonly hostname: Uint8Array;
  readonly vendorClass: Uint8Array;
  readonly agentOptions: Uint8Array;
}

/** Identities and the byte strings beside them, packed into an arena: handles in, views out. */
export class ClientBlobs {
  readonly #arena = new BlobArena();

  get bytesReserved(): number {
    return this.#arena.bytesReserved;
  }

  /**
   * Stores the client and what is remembered of it in the place of `old` (0 = none); returns the
   * handle. The arrays may be views of `old`: it is freed after they were copied.
   */
  replace(old: number, client: LeaseClient, extras: LeaseExtras | undefined): number {
    const address = client.hardware?.address ?? empty;
    const clientId = client.clientId ?? empty;
    const hostname = extras?.hostname ?? empty;
    const vendorClass = extras?.vendorClass ?? empty;
    const agentOptions = extras?.agentOptions ?? empty;
    const length =
      HEADER_BYTES +
      address.length +
      clientId.length +
      hostname.length +
      vendorClass.length +
      agentOptions.length;
    if (address.length > 255) throw new RangeError(`hardware address of ${address.length} bytes`);
    const handle = this.#arena.allocate(length);
    const bytes = this.#arena.chunkOf(handle);
    const start = this.#arena.startOf(handle);
    bytes[start] = client.hardware?.type ?? 0;
    bytes[start + 1] = address.length;
    let at = start + HEADER_BYTES;
    bytes.set(address, at);
    at = this.#put(bytes, start + 2, at + address.length, clientId);
    at = this.#put(bytes, start + 4, at, hostname);
    at = this.#put(bytes, start + 6, at, vendorClass);
    this.#put(bytes, start + 8, at, agentOptions);
    if (old !== 0) this.free(old);
    return handle;
  }

  /** True when the blob already holds exactly this: a renewal then changes nothing. */
  holds(handle: number, client: LeaseClient, extras: LeaseExtras): boolean {
    const start = this.#arena.startOf(handle);
    const bytes = this.#arena.chunkOf(handle);
    let at = start + HEADER_BYTES + bytes[start + 1];
    if (!this.hasHardware(handle, client.hardware)) return false;
    for (let field = 0; field < 4; field += 1) {
      const value = fieldOf(client, extras, field);
      const length = lengthAt(bytes, start + 2 + field * 2);
      if (length !== value.length || !regionEquals(bytes, at, value)) return false;
      at += length;
    }
    return true;
  }

  hasHardware(handle: number, hardware: HardwareAddress | undefined): boolean {
    const bytes = this.#arena.chunkOf(handle);
    const start = this.#arena.startOf(handle);
    const address = hardware?.address ?? empty;
    if (bytes[start] !== (hardware?.type ?? 0) || bytes[start + 1] !== address.length) return false;
    return regionEquals(bytes, start + HEADER_BYTES, address);
  }

  /** An empty `clientId` matches only a blob without one. */
  hasClientId(handle: number, clientId: Uint8Array): boolean {
    const bytes = this.#arena.chunkOf(handle);
    const start = this.#arena.startOf(handle);
    if (lengthAt(bytes, start + 2) !== clientId.length) return false;
    return regionEquals(bytes, start + HEADER_BYTES + bytes[start + 1], clientId);
  }

  /** Views into the arena: valid until the next change of any lease. */
  view(handle: number): ClientBlob {
    return this.#read(this.#arena.chunkOf(handle), this.#arena.startOf(handle));
  }

  /** The same from bytes of its own. */
  copy(handle: number): ClientBlob {
    const start = this.#arena.startOf(handle);
    const chunk = this.#arena.chunkOf(handle);
    return this.#read(chunk.slice(start, start + blobLength(chunk, start)), 0);
  }

  free(handle: number): void {
    const length = blobLength(this.#arena.chunkOf(handle), this.#arena.startOf(handle));
    this.#arena.free(handle, length);
  }

  #put(bytes: Uint8Array, lengthAt: number, at: number, value: Uint8Array): number {
    bytes[lengthAt] = value.length >>> 8;
    bytes[lengthAt + 1] = value.length & 0xff;
    bytes.set(value, at);
    return at + value.length;
  }

  #read(bytes: Uint8Array, start: number): ClientBlob {
    let at = start + HEADER_BYTES;
    const take = (length: number): Uint8Array => {
      at += length;
      return length === 0 ? empty : bytes.subarray(at - length, at);
    };
    const address = take(bytes[start + 1]);
    const hasHardware = address.length > 0 || bytes[start] !== 0;
    return {
      hardware: hasHardware ? { type: bytes[start], address } : undefined,
      clientId: take(lengthAt(bytes, start + 2)),
      hostname: take(lengthAt(bytes, start + 4)),
      vendorClass: take(lengthAt(bytes, start + 6)),
      agentOptions: take(lengthAt(bytes, start + 8)),
    };
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

function blobLength(bytes: Uint8Array, start: number): number {
  let length = HEADER_BYTES + bytes[start + 1];
  for (let field = 0; field < 4; field += 1) length += lengthAt(bytes, start + 2 + field * 2);
  return length;
}

function fieldOf(client: LeaseClient, extras: LeaseExtras, field: number): Uint8Array {
  if (field === 0) return client.clientId ?? empty;
  if (field === 1) return extras.hostname ?? empty;
  return (field === 2 ? extras.vendorClass : extras.agentOptions) ?? empty;
}

function regionEquals(bytes: Uint8Array, start: number, value: Uint8Array): boolean {
  for (let at = 0; at < value.length; at += 1) if (bytes[start + at] !== value[at]) return false;
  return true;
}
