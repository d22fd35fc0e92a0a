import { type ClientBlob, ClientBlobs } from "./client-blob.ts";
import { ClientIndex, hashBytes } from "./client-index.ts";
import {
  bytesEqual,
  type HardwareAddress,
  type LeaseBilling,
  type LeaseClient,
  type LeaseExtras,
  type LeaseRecord,
  type LeaseValue,
} from "./lease.ts";

/** What few leases have is kept aside, so that the others do not pay for it. */
type RareExtras = Pick<LeaseExtras, "variables" | "billing" | "kept" | "tsfp" | "atsfp">;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const noBytes = new Uint8Array(0);
const noRareExtras: RareExtras = {};
const nothingKept: readonly string[] = [];
const nobody: ClientBlob = {
  hardware: undefined,
  clientId: noBytes,
  hostname: noBytes,
  vendorClass: noBytes,
  agentOptions: noBytes,
};

/** Who holds each lease and what is remembered of it, found by lease index and by client. */
export class LeaseClients {
  readonly #hashSeed: number;
  /** Handles of the blobs, 0 = nothing known. */
  readonly #blobOf: Uint32Array;
  readonly #blobs = new ClientBlobs();
  readonly #rare = new Map<number, RareExtras>();
  readonly #byClientId: ClientIndex;
  readonly #byHardware: ClientIndex;
  readonly #hardwareKey = new Uint8Array(1 + 255);

  constructor(size: number, hashSeed: number) {
    this.#hashSeed = hashSeed;
    this.#blobOf = new Uint32Array(size);
    this.#byClientId = new ClientIndex(size);
    this.#byHardware = new ClientIndex(size);
  }

  get bytesReserved(): number {
    const indexes = this.#byClientId.bytesReserved + this.#byHardware.bytesReserved;
    return this.#blobOf.byteLength + indexes + this.#blobs.bytesReserved;
  }

  isKnown(index: number): boolean {
    return this.#blobOf[index] !== 0;
  }

  /** Views, valid until the next `set`. */
  view(index: number): ClientBlob {
    const blob = this.#blobOf[index];
    return blob === 0 ? nobody : this.#blobs.view(blob);
  }

  /** An empty `clientId` asks whether the lease has none. */
  hasClientId(index: number, clientId: Uint8Array): boolean {
    const blob = this.#blobOf[index];
    return blob === 0 ? clientId.length === 0 : this.#blobs.hasClientId(blob, clientId);
  }

  hasHardware(index: number, hardware: HardwareAddress | undefined): boolean {
    const blob = this.#blobOf[index];
    return blob === 0 ? hardware === undefined : this.#blobs.hasHardware(blob, hardware);
  }

  withClientId(clientId: Uint8Array): number[] {
    const found: number[] = [];
    if (clientId.length === 0) return found;
    const index = this.#byClientId;
    for (let at = index.first(this.#clientIdHash(clientId)); at >= 0; at = index.next(at)) {
      if (this.hasClientId(at, clientId)) found.push(at);
    }
    return found;
  }

  withHardware(hardware: HardwareAddress): number[] {
    const found: number[] = [];
    const index = this.#byHardware;
    for (let at = index.first(this.#hardwareHash(hardware)); at >= 0; at = index.next(at)) {
      if (this.hasHardware(at, hardware)) found.push(at);
    }
    return found;
  }

  /** `withHardware`, one lease a call and without garbage: the first, or the one behind `before`; -1 at the end. */
  nextWithHardware(hardware: HardwareAddress, before: number): number {
    const index = this.#byHardware;
    let at = before < 0 ? index.first(this.#hardwareHash(hardware)) : index.next(before);
    while (at >= 0 && !this.hasHardware(at, hardware)) at = index.next(at);
    return at;
  }

  /**
   * Replaces who holds the lease and the bytes remembered of it (not the rare extras). The arrays
   * are copied; they may be views of what the lease had before.
   */
  set(index: number, client: LeaseClient, extras: LeaseExtras): void {
    const old = this.#blobOf[index];
    if (old !== 0 && this.#blobs.holds(old, client, extras)) return;
    const isMoved =
      !this.hasHardware(index, client.hardware) ||
      !this.hasClientId(index, client.clientId ?? noBytes);
    if (old !== 0 && isMoved) this.#unlink(index, old);
    const isNobody = client.hardware === undefined && (client.clientId?.length ?? 0) === 0;
    if (isNobody && !hasBytes(extras)) {
      if (old !== 0) this.#blobs.free(old);
      this.#blobOf[index] = 0;
      return;
    }
    const blob = this.#blobs.replace(old, client, extras);
    this.#blobOf[index] = blob;
    if (isMoved) this.#link(index, blob);
  }

  billingOf(index: number): LeaseBilling | undefined {
    return this.#rare.get(index)?.billing;
  }

  variablesOf(index: number): LeaseExtras["variables"] {
    return this.#rare.get(index)?.variables;
  }

  keptOf(index: number): readonly string[] {
    return (this.#rare.size === 0 ? undefined : this.#rare.get(index)?.kept) ?? nothingKept;
  }

  /** Everything that `setRare` was given. */
  rareOf(index: number): LeaseExtras {
    return this.#rare.get(index) ?? noRareExtras;
  }

  setRare(index: number, extras: LeaseExtras): void {
    const { variables, billing, kept, tsfp, atsfp } = extras;
    const hasTexts = (variables?.length ?? 0) > 0 || (kept?.length ?? 0) > 0;
    if (!hasTexts && billing === undefined && tsfp === undefined && atsfp === undefined) {
      if (this.#rare.size > 0) this.#rare.delete(index);
      return;
    }
    this.#rare.set(index, {
      ...(variables && variables.length > 0 && { variables: variables.map(copyVariable) }),
      ...(billing && { billing: copyBilling(billing, this.#rare.get(index)?.billing) }),
      ...(kept && kept.length > 0 && { kept: [...kept] }),
      ...(tsfp !== undefined && { tsfp }),
      ...(atsfp !== undefined && { atsfp }),
    });
  }

  /** Adds everything known to a record, from bytes of its own. */
  describe(index: number, record: Mutable<LeaseRecord>): void {
    const blob = this.#blobOf[index];
    if (blob !== 0) {
      const client = this.#blobs.copy(blob);
      if (client.hardware !== undefined) record.hardware = client.hardware;
      if (client.clientId.length > 0) record.clientId = client.clientId;
      if (client.hostname.length > 0) record.hostname = client.hostname;
      if (client.vendorClass.length > 0) record.vendorClass = client.vendorClass;
      if (client.agentOptions.length > 0) record.agentOptions = client.agentOptions;
    }
    const rare = this.#rare.size === 0 ? undefined : this.#rare.get(index);
    if (rare?.variables !== undefined) record.variables = rare.variables;
    if (rare?.billing !== undefined) record.billing = rare.billing;
    if (rare?.kept !== undefined) record.kept = rare.kept;
    if (rare?.tsfp !== undefined) record.tsfp = rare.tsfp;
    if (rare?.atsfp !== undefined) record.atsfp = rare.atsfp;
  }

  #link(index: number, blob: number): void {
    const { hardware, clientId } = this.#blobs.view(blob);
    if (hardware !== undefined) this.#byHardware.link(index, this.#hardwareHash(hardware));
    if (clientId.length > 0) this.#byClientId.link(index, this.#clientIdHash(clientId));
  }

  #unlink(index: number, blob: number): void {
    const { hardware, clientId } = this.#blobs.view(blob);
    if (hardware !== undefined) this.#byHardware.unlink(index, this.#hardwareHash(hardware));
    if (clientId.length > 0) this.#byClientId.unlink(index, this.#clientIdHash(clientId));
  }

  #clientIdHash(clientId: Uint8Array): number {
    return hashBytes(clientId, clientId.length, this.#hashSeed);
  }

  #hardwareHash(hardware: HardwareAddress): number {
    this.#hardwareKey[0] = hardware.type;
    this.#hardwareKey.set(hardware.address, 1);
    return hashBytes(this.#hardwareKey, 1 + hardware.address.length, this.#hashSeed);
  }
}

function hasBytes(extras: LeaseExtras): boolean {
  const { hostname, vendorClass, agentOptions } = extras;
  return (hostname?.length ?? 0) + (vendorClass?.length ?? 0) + (agentOptions?.length ?? 0) > 0;
}

function copyVariable(variable: readonly [string, LeaseValue]): readonly [string, LeaseValue] {
  const [name, value] = variable;
  return [name, value instanceof Uint8Array ? value.slice() : value];
}

/** The known object when it says the same: a renewal then makes no garbage. */
function copyBilling(billing: LeaseBilling, known: LeaseBilling | undefined): LeaseBilling {
  const { className, hash } = billing;
  if (known?.className === className && bytesEqual(known.hash ?? noBytes, hash ?? noBytes)) {
    return known;
  }
  return hash === undefined ? { className } : { className, hash: hash.slice() };
}
