import type { HardwareAddress } from "../lease.ts";
import { BlobArena } from "./blob-arena.ts";
import { putUint32, regionEquals, uint16At, uint32At } from "./byte-fields.ts";
import { InternedBytes } from "./interned-bytes.ts";
import { HEADER_BYTES, type PackedClient, PackedField, packedLength } from "./packed-client.ts";

/** Packed clients in an arena. Each vendor class is stored once. */
export class ClientBlobs {
  readonly #arena = new BlobArena();
  readonly #vendorClasses: InternedBytes;

  constructor(blobsMax: number, hashSeed: number) {
    this.#vendorClasses = new InternedBytes(this.#arena, blobsMax, hashSeed);
  }

  get bytesReserved(): number {
    return this.#arena.bytesReserved + this.#vendorClasses.bytesReserved;
  }

  /**
   * Stores the client in place of `old` (0 = none); returns the handle. The vendor class may be a view of
   * the vendor class of `old`.
   */
  replace(old: number, client: PackedClient): number {
    const { vendorBytes, vendorStart, vendorLength } = client;
    const oldVendorClass = old === 0 ? 0 : this.#vendorClassOf(old);
    const vendorClass = this.#vendorClasses.intern(vendorBytes, vendorStart, vendorLength);
    const { length } = client;
    const handle = this.#arena.reallocate(old, old === 0 ? 0 : this.#lengthOf(old), length);
    this.#vendorClasses.release(oldVendorClass);
    const chunk = this.#arena.chunkOf(handle);
    const start = this.#arena.startOf(handle);
    for (let at = 0; at < length; at += 1) chunk[start + at] = client.bytes[client.start + at];
    putUint32(chunk, start + PackedField.vendorClassHandle, vendorClass);
    return handle;
  }

  /** Whether the blob already holds exactly this client: then a renewal changes nothing. */
  holds(handle: number, client: PackedClient): boolean {
    const bytes = this.#arena.chunkOf(handle);
    const start = this.#arena.startOf(handle);
    const { bytes: other, start: otherStart, vendorBytes, vendorStart, vendorLength } = client;
    // The headers contain the lengths, so if these agree, the rest has the same length too.
    if (!regionEquals(bytes, start, other, otherStart, PackedField.vendorClassHandle)) return false;
    const bodyLength = packedLength(bytes, start) - HEADER_BYTES;
    const otherBody = otherStart + HEADER_BYTES;
    if (!regionEquals(bytes, start + HEADER_BYTES, other, otherBody, bodyLength)) return false;
    const vendorClass = this.#vendorClassOf(handle);
    return this.#vendorClasses.equals(vendorClass, vendorBytes, vendorStart, vendorLength);
  }

  hasHardware(handle: number, { type, address }: HardwareAddress): boolean {
    return this.hasHardwareBytes(handle, type, address, 0, address.length);
  }

  hasHardwareBytes(
    handle: number,
    type: number,
    address: Uint8Array,
    addressStart: number,
    addressLength: number,
  ): boolean {
    const bytes = this.#arena.chunkOf(handle);
    const start = this.#arena.startOf(handle);
    if (bytes[start] !== type || bytes[start + 1] !== addressLength) return false;
    return regionEquals(bytes, start + HEADER_BYTES, address, addressStart, addressLength);
  }

  /** The client id alone decides; if the blob has none, the hardware address does. */
  isOf(handle: number, hardware: HardwareAddress, clientId: Uint8Array | undefined): boolean {
    const bytes = this.#arena.chunkOf(handle);
    const start = this.#arena.startOf(handle);
    const idLength = uint16At(bytes, start + PackedField.clientIdLength);
    if (idLength === 0) return this.hasHardware(handle, hardware);
    if (clientId === undefined || clientId.length !== idLength) return false;
    const at = start + HEADER_BYTES + bytes[start + PackedField.hardwareLength];
    return regionEquals(bytes, at, clientId, 0, idLength);
  }

  /** An empty client id matches only a blob without one. */
  hasClientIdBytes(handle: number, id: Uint8Array, idStart: number, idLength: number): boolean {
    const bytes = this.#arena.chunkOf(handle);
    const start = this.#arena.startOf(handle);
    if (uint16At(bytes, start + PackedField.clientIdLength) !== idLength) return false;
    const at = start + HEADER_BYTES + bytes[start + PackedField.hardwareLength];
    return regionEquals(bytes, at, id, idStart, idLength);
  }

  /** Points `client` to the blob; valid until the next change of any lease. */
  read(handle: number, client: PackedClient): void {
    client.bytes = this.#arena.chunkOf(handle);
    client.start = this.#arena.startOf(handle);
    const vendorClass = this.#vendorClassOf(handle);
    client.vendorLength = this.#vendorClasses.lengthOf(vendorClass);
    if (vendorClass === 0) return;
    client.vendorBytes = this.#vendorClasses.chunkOf(vendorClass);
    client.vendorStart = this.#vendorClasses.startOf(vendorClass);
  }

  free(handle: number): void {
    this.#vendorClasses.release(this.#vendorClassOf(handle));
    this.#arena.free(handle, this.#lengthOf(handle));
  }

  #lengthOf(handle: number): number {
    return packedLength(this.#arena.chunkOf(handle), this.#arena.startOf(handle));
  }

  #vendorClassOf(handle: number): number {
    const start = this.#arena.startOf(handle);
    return uint32At(this.#arena.chunkOf(handle), start + PackedField.vendorClassHandle);
  }
}
