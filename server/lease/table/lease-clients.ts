import { hashBytes } from "../../../base/hash-bytes.ts";
import { bytesEqual } from "../../../protocol/bytes.ts";
import {
  copyBilling,
  copyVariable,
  type HardwareAddress,
  type LeaseBilling,
  type LeaseClient,
  type LeaseExtras,
} from "../lease.ts";
import { ClientBlobs } from "./client-blob.ts";
import { ClientIndex } from "./client-index.ts";
import { ROW_WORDS, Word } from "./lease-cells.ts";
import { isRare, type RareExtras } from "./lease-row.ts";
import { noBytes, PackedClient } from "./packed-client.ts";

/** The client of each lease and what is remembered of it, found by lease index and by client. */
export class LeaseClients {
  readonly #hashSeed: number;
  /** The table's cells, which hold the blobs' handles: 0 = nothing known. */
  readonly #words: Uint32Array;
  readonly #blobs: ClientBlobs;
  readonly #rare = new Map<number, RareExtras>();
  readonly #byClientId: ClientIndex;
  readonly #byHardware: ClientIndex;
  /** Reused objects: a client to be stored, and a client being read. */
  readonly #packed = new PackedClient();
  readonly #seen = new PackedClient();

  constructor(size: number, words: Uint32Array, hashSeed: number) {
    this.#hashSeed = hashSeed;
    this.#words = words;
    this.#blobs = new ClientBlobs(size, hashSeed);
    this.#byClientId = new ClientIndex(size);
    this.#byHardware = new ClientIndex(size);
  }

  /** Memory in bytes, without the table's cells. */
  get bytesReserved(): number {
    const indexes = this.#byClientId.bytesReserved + this.#byHardware.bytesReserved;
    return indexes + this.#blobs.bytesReserved;
  }

  isKnown(index: number): boolean {
    return this.#words[index * ROW_WORDS + Word.blob] !== 0;
  }

  /** Points `client` to the stored client; valid until the next `set` or `store`. */
  read(index: number, client: PackedClient): void {
    const blob = this.#words[index * ROW_WORDS + Word.blob];
    if (blob === 0) client.clear();
    else this.#blobs.read(blob, client);
  }

  /** The same in an object that the next call reuses. */
  view(index: number): PackedClient {
    this.read(index, this.#seen);
    return this.#seen;
  }

  /** An empty `clientId` asks whether the lease has none. */
  hasClientId(index: number, clientId: Uint8Array): boolean {
    const blob = this.#words[index * ROW_WORDS + Word.blob];
    if (blob === 0) return clientId.length === 0;
    return this.#blobs.hasClientIdBytes(blob, clientId, 0, clientId.length);
  }

  hasHardware(index: number, hardware: HardwareAddress): boolean {
    const blob = this.#words[index * ROW_WORDS + Word.blob];
    return blob !== 0 && this.#blobs.hasHardware(blob, hardware);
  }

  /** A stored client id alone decides; a client without one is identified by its hardware address. */
  isOf(index: number, hardware: HardwareAddress, clientId: Uint8Array | undefined): boolean {
    const blob = this.#words[index * ROW_WORDS + Word.blob];
    return blob !== 0 && this.#blobs.isOf(blob, hardware, clientId);
  }

  /** All leases with this client id, unordered. */
  allWithClientId(clientId: Uint8Array): number[] {
    const found: number[] = [];
    if (clientId.length === 0) return found;
    const hash = hashBytes(clientId, 0, clientId.length, this.#hashSeed);
    let at = this.#byClientId.first(hash);
    for (; at >= 0; at = this.#byClientId.next(at, hash)) {
      if (this.hasClientId(at, clientId)) found.push(at);
    }
    return found;
  }

  /** All leases with this hardware address, unordered. */
  allWithHardware(type: number, address: Uint8Array): number[] {
    const found: number[] = [];
    const hash = this.#hardwareHash(type, address, 0, address.length);
    let at = this.#skipOtherHardware(this.#byHardware.first(hash), type, address, hash);
    while (at >= 0) {
      found.push(at);
      at = this.#skipOtherHardware(this.#byHardware.next(at, hash), type, address, hash);
    }
    return found;
  }

  firstWithHardware(type: number, address: Uint8Array): number {
    const hash = this.#hardwareHash(type, address, 0, address.length);
    return this.#skipOtherHardware(this.#byHardware.first(hash), type, address, hash);
  }

  nextWithHardware(index: number, type: number, address: Uint8Array): number {
    const hash = this.#hardwareHash(type, address, 0, address.length);
    return this.#skipOtherHardware(this.#byHardware.next(index, hash), type, address, hash);
  }

  /**
   * Replaces the lease's client and the bytes remembered of it (not the rare extras). The arrays are
   * copied; they may be views of the lease's current values.
   */
  set(index: number, client: LeaseClient, extras: LeaseExtras): void {
    this.#packed.pack(client, extras);
    this.store(index, this.#packed);
  }

  /** The same for a packed client in its own bytes. */
  store(index: number, client: PackedClient): void {
    const old = this.#words[index * ROW_WORDS + Word.blob];
    if (old === 0) {
      if (client.isNobody) return;
    } else if (this.#blobs.holds(old, client)) {
      return;
    }
    const isMoved = old === 0 || !this.#hasIdentity(old, client);
    if (old !== 0 && isMoved) this.#unlink(index);
    if (client.isNobody) {
      this.#blobs.free(old);
      this.#words[index * ROW_WORDS + Word.blob] = 0;
      return;
    }
    this.#words[index * ROW_WORDS + Word.blob] = this.#blobs.replace(old, client);
    if (isMoved) this.#link(index, client);
  }

  /** The extras last passed to `setRare`. */
  rareOf(index: number): RareExtras | undefined {
    return this.#rare.size === 0 ? undefined : this.#rare.get(index);
  }

  setRare(index: number, extras: LeaseExtras): void {
    if (!isRare(extras)) {
      if (this.#rare.size > 0) this.#rare.delete(index);
      return;
    }
    const { variables, billing, kept, tsfp, atsfp } = extras;
    this.#rare.set(index, {
      ...(variables && variables.length > 0 && { variables: variables.map(copyVariable) }),
      ...(billing && { billing: keptBilling(billing, this.#rare.get(index)?.billing) }),
      ...(kept && kept.length > 0 && { kept: [...kept] }),
      ...(tsfp !== undefined && { tsfp }),
      ...(atsfp !== undefined && { atsfp }),
    });
  }

  #skipOtherHardware(start: number, type: number, address: Uint8Array, hash: number): number {
    let at = start;
    const { length } = address;
    while (at >= 0) {
      // A lease in the index has a client.
      const blob = this.#words[at * ROW_WORDS + Word.blob];
      if (this.#blobs.hasHardwareBytes(blob, type, address, 0, length)) return at;
      at = this.#byHardware.next(at, hash);
    }
    return at;
  }

  #hasIdentity(blob: number, client: PackedClient): boolean {
    const { bytes, hardwareType, hardwareStart, hardwareLength } = client;
    const { clientIdStart, clientIdLength } = client;
    return (
      this.#blobs.hasHardwareBytes(blob, hardwareType, bytes, hardwareStart, hardwareLength) &&
      this.#blobs.hasClientIdBytes(blob, bytes, clientIdStart, clientIdLength)
    );
  }

  #link(index: number, client: PackedClient): void {
    if (client.hasHardware) this.#byHardware.link(index, this.#hardwareHashOf(client));
    if (client.clientIdLength > 0) this.#byClientId.link(index, this.#clientIdHashOf(client));
  }

  #unlink(index: number): void {
    const client = this.view(index);
    if (client.hasHardware) this.#byHardware.unlink(index, this.#hardwareHashOf(client));
    if (client.clientIdLength > 0) this.#byClientId.unlink(index, this.#clientIdHashOf(client));
  }

  #clientIdHashOf({ bytes, clientIdStart, clientIdLength }: PackedClient): number {
    return hashBytes(bytes, clientIdStart, clientIdLength, this.#hashSeed);
  }

  #hardwareHashOf(client: PackedClient): number {
    const { hardwareType, bytes, hardwareStart, hardwareLength } = client;
    return this.#hardwareHash(hardwareType, bytes, hardwareStart, hardwareLength);
  }

  #hardwareHash(type: number, bytes: Uint8Array, start: number, length: number): number {
    return hashBytes(bytes, start, length, this.#hashSeed ^ Math.imul(type, 0x9e37_79b1));
  }
}

/** Returns the known object when it is equal: a renewal then makes no garbage. */
function keptBilling(billing: LeaseBilling, known: LeaseBilling | undefined): LeaseBilling {
  const { className, hash } = billing;
  const isKnown =
    known?.className === className && bytesEqual(known.hash ?? noBytes, hash ?? noBytes);
  return isKnown ? known : copyBilling(billing);
}
