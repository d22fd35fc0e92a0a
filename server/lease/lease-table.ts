import { AddressRanges, type LeaseRange } from "./address-ranges.ts";
import {
  type BindingState,
  bindingStates,
  type HardwareAddress,
  isVariableName,
  type LeaseBilling,
  type LeaseBindings,
  type LeaseClient,
  type LeaseExtras,
  type LeaseRecord,
  type LeaseValue,
  VENDOR_CLASS_VARIABLE,
} from "./lease.ts";
import { LeaseClients } from "./lease-clients.ts";
import { type LeaseCounts, PoolQueue, StateCode, sumCounts } from "./pool-queue.ts";

export type { LeaseRange } from "./address-ranges.ts";
export type { LeaseCounts } from "./pool-queue.ts";

const NEVER = 0xffff_ffff;
const Flag = { durable: 1, reserved: 2, bootp: 4 } as const;
const noExtras: LeaseExtras = {};
const noBytes = new Uint8Array(0);

export interface LeaseTableOptions {
  /** Any number that clients cannot know: it keeps them from aiming at one hash bucket. */
  readonly hashSeed?: number;
}

/**
 * All dynamic leases, by index: addresses of all ranges in ascending order. Pure memory: what
 * changed must go to a LeaseStore as `recordOf(index)`, and `isDurable` tells whether it did.
 * Times are seconds since the epoch; Infinity is "never".
 */
export class LeaseTable {
  readonly #ranges: AddressRanges;
  readonly #queues: PoolQueue[];
  readonly #states: Uint8Array;
  readonly #flags: Uint8Array;
  /** Next state (low four bits) and rewind state, as codes; 0 = not stated. */
  readonly #transitions: Uint8Array;
  readonly #startsAt: Uint32Array;
  readonly #endsAt: Uint32Array;
  readonly #tstp: Uint32Array;
  readonly #cltt: Uint32Array;
  readonly #clients: LeaseClients;

  /** Throws RangeError when ranges overlap or have more than 2^24 addresses. */
  constructor(ranges: readonly LeaseRange[], options: LeaseTableOptions = {}) {
    this.#ranges = new AddressRanges(ranges);
    const size = this.#ranges.size;
    this.#states = new Uint8Array(size);
    this.#flags = new Uint8Array(size);
    this.#transitions = new Uint8Array(size);
    this.#startsAt = new Uint32Array(size);
    this.#endsAt = new Uint32Array(size);
    this.#tstp = new Uint32Array(size);
    this.#cltt = new Uint32Array(size);
    this.#clients = new LeaseClients(size, options.hashSeed ?? 0);
    const positions = new Uint32Array(size);
    this.#queues = Array.from(
      { length: this.#ranges.poolCount },
      () => new PoolQueue(this.#endsAt, positions),
    );
    for (const { low, high, pool } of ranges) {
      const first = this.#ranges.indexOf(low);
      this.#queues[pool]!.addSpan(first, first + (high - low) + 1);
    }
  }

  get size(): number {
    return this.#ranges.size;
  }

  /** Memory of the arrays; what few leases have (variables, billing) comes on top. */
  get bytesReserved(): number {
    const columns = 3 * this.#states.byteLength + 5 * this.#endsAt.byteLength;
    const queues = this.#queues.reduce((total, queue) => total + queue.bytesReserved, 0);
    return columns + queues + this.#clients.bytesReserved;
  }

  /** -1 when the address is in no range. */
  indexOf(address: number): number {
    return this.#ranges.indexOf(address);
  }

  addressOf(index: number): number {
    return this.#ranges.addressOf(index);
  }

  poolOf(index: number): number {
    return this.#ranges.poolOf(index);
  }

  stateOf(index: number): BindingState {
    return stateOfCode(this.#states[index] || StateCode.free);
  }

  isActive(index: number): boolean {
    return this.#states[index] === StateCode.active;
  }

  isAbandoned(index: number): boolean {
    return this.#states[index] === StateCode.abandoned;
  }

  isNeverUsed(index: number): boolean {
    return this.#states[index] === StateCode.neverUsed;
  }

  isReserved(index: number): boolean {
    return (this.#flags[index] & Flag.reserved) !== 0;
  }

  /** The lease was made for a BOOTP client, which never heard of its end. */
  isBootp(index: number): boolean {
    return (this.#flags[index] & Flag.bootp) !== 0;
  }

  startsAt(index: number): number {
    return fromStored(this.#startsAt[index]);
  }

  /** When the lease ends, or until when a free address is held for an offer; 0 = no time known. */
  endsAt(index: number): number {
    return fromStored(this.#endsAt[index]);
  }

  /** When the server last acted for the client; 0 = never. */
  cltt(index: number): number {
    return fromStored(this.#cltt[index]);
  }

  setCltt(index: number, nowSeconds: number): void {
    this.#cltt[index] = toStored(nowSeconds);
  }

  /** A lease whose last change is known to be in the store. */
  isDurable(index: number): boolean {
    return (this.#flags[index] & Flag.durable) !== 0;
  }

  /** Call it after the commit that holds the lease's record. */
  markDurable(index: number): void {
    this.#flags[index] |= Flag.durable;
  }

  /** Every change does this by itself; after a failed commit it is a way to be sure. */
  markPending(index: number): void {
    this.#flags[index] &= ~Flag.durable;
  }

  /** View of the stored client id, empty when there is none; valid until the next change. */
  clientIdOf(index: number): Uint8Array {
    return this.#clients.view(index).clientId;
  }

  /** View, valid until the next change; undefined when the hardware is not known. */
  hardwareOf(index: number): HardwareAddress | undefined {
    return this.#clients.view(index).hardware;
  }

  /** View of option 82 as stored at the last commit, empty when there was none. */
  agentOptionsOf(index: number): Uint8Array {
    return this.#clients.view(index).agentOptions;
  }

  /** View of the client's option 12, empty when there was none. */
  hostnameOf(index: number): Uint8Array {
    return this.#clients.view(index).hostname;
  }

  /** The variables of the lease, from bytes of their own. */
  bindingsOf(index: number): LeaseBindings {
    const bindings = new Map<string, LeaseValue>();
    const { vendorClass } = this.#clients.view(index);
    if (vendorClass.length > 0) bindings.set(VENDOR_CLASS_VARIABLE, vendorClass.slice());
    for (const [name, value] of this.#clients.variablesOf(index) ?? []) bindings.set(name, value);
    return bindings;
  }

  /**
   * Replaces all variables of the lease. It is not durable then, and worth writing down only where a
   * client is known. Throws RangeError for a name that no lease file can have.
   */
  setBindings(index: number, bindings: LeaseBindings): void {
    const variables: [string, LeaseValue][] = [];
    let vendorClass: Uint8Array = noBytes;
    for (const [name, value] of bindings) {
      if (!isVariableName(name)) throw new RangeError(`'${name}' is no name of a variable`);
      const isVendorClass = name.toLowerCase() === VENDOR_CLASS_VARIABLE;
      if (isVendorClass && value instanceof Uint8Array) vendorClass = value;
      else variables.push([name, value]);
    }
    const { hardware, clientId, hostname, agentOptions } = this.#clients.view(index);
    const client = hardware === undefined ? { clientId } : { hardware, clientId };
    this.#clients.set(index, client, { hostname, agentOptions, vendorClass });
    this.#clients.setRare(index, { ...this.#clients.rareOf(index), variables });
    this.markPending(index);
  }

  /** `on expiry { … }` and `on release { … }` of the lease, as their text. */
  keptOf(index: number): readonly string[] {
    return this.#clients.keptOf(index);
  }

  billingOf(index: number): LeaseBilling | undefined {
    return this.#clients.billingOf(index);
  }

  /** An empty `clientId` asks whether the lease has none. */
  hasClientId(index: number, clientId: Uint8Array): boolean {
    return this.#clients.hasClientId(index, clientId);
  }

  hasHardware(index: number, hardware: HardwareAddress): boolean {
    return this.#clients.hasHardware(index, hardware);
  }

  /**
   * Leases that carry this client id, best first: active, then expired and released (of a pair), then
   * free, then abandoned; among equals the later end, then the later cltt, then the lower address.
   */
  byClientId(clientId: Uint8Array): number[] {
    return this.#bestFirst(this.#clients.withClientId(clientId));
  }

  /** Leases that carry this hardware address, best first, whatever their client id is. */
  byHardware(htype: number, chaddr: Uint8Array): number[] {
    return this.#bestFirst(this.#clients.withHardware({ type: htype, address: chaddr }));
  }

  /** Whether this hardware address has a lease, or had one or an OFFER. Leaves no garbage. */
  holdOf(hardware: HardwareAddress): "active" | "past" | "none" {
    let hold: "past" | "none" = "none";
    let at = this.#clients.nextWithHardware(hardware, -1);
    for (; at >= 0; at = this.#clients.nextWithHardware(hardware, at)) {
      if (this.isActive(at)) return "active";
      hold = "past";
    }
    return hold;
  }

  /**
   * A free address of the pool: never used ones first, then the one whose use ended longest ago;
   * -1 when there is none. Held, reserved and abandoned addresses are not free. Changes nothing:
   * `offer` or `bind` does.
   */
  takeFree(pool: number, nowSeconds: number): number {
    const queue = this.#queueOf(pool);
    const neverUsed = queue.firstNeverUsed(this.#states);
    if (neverUsed >= 0) return neverUsed;
    const oldest = queue.free.first();
    return oldest >= 0 && this.#endsAt[oldest] <= nowSeconds ? oldest : -1;
  }

  /** The address abandoned longest ago, as a last resort: -1 while any free one exists, even held. */
  takeAbandoned(pool: number): number {
    const queue = this.#queueOf(pool);
    if (queue.free.size > 0 || queue.firstNeverUsed(this.#states) >= 0) return -1;
    return queue.abandoned.first();
  }

  /**
   * Holds a free or abandoned address for a client until it answers the offer. An active lease
   * stays as it is: its time counts.
   */
  offer(index: number, client: LeaseClient, holdUntilSeconds: number): void {
    if (this.isActive(index)) return;
    if (!this.#isHeldBy(index, client)) {
      this.#clients.set(index, client, noExtras);
      this.#clients.setRare(index, noExtras);
    }
    this.#move(index, StateCode.free, toStored(holdUntilSeconds));
    this.#transitions[index] = 0;
  }

  /**
   * Binds the lease. `extras` replace what was remembered; the flags `reserved` and `bootp` stay
   * as they are when not given, and so do the variables and the vendor class of a client that has
   * the lease already. The lease is not durable until `markDurable`.
   */
  bind(
    index: number,
    client: LeaseClient,
    startsAt: number,
    endsAt: number,
    extras: LeaseExtras = noExtras,
  ): void {
    const all =
      this.isActive(index) && this.#isHeldBy(index, client)
        ? this.#withVariables(index, extras)
        : extras;
    this.#clients.set(index, client, all);
    this.#clients.setRare(index, all);
    this.#setFlags(index, extras);
    this.#move(index, StateCode.active, toStored(endsAt));
    this.#startsAt[index] = toStored(startsAt);
    this.#cltt[index] = toStored(startsAt);
    this.#tstp[index] = 0;
    this.#transitions[index] = StateCode.free | (StateCode.free << 4);
  }

  /** The client gave the address back: it keeps its identity, and nothing else. */
  release(index: number, nowSeconds: number): void {
    this.#makeFree(index, toStored(nowSeconds), noExtras);
    this.#clients.setRare(index, noExtras);
  }

  /** Somebody else uses the address: nobody gets it before `untilSeconds`. */
  abandon(index: number, nowSeconds: number, untilSeconds: number): void {
    this.#clients.set(index, {}, noExtras);
    this.#clients.setRare(index, noExtras);
    this.#move(index, StateCode.abandoned, toStored(untilSeconds));
    this.#startsAt[index] = toStored(nowSeconds);
    this.#tstp[index] = toStored(untilSeconds);
    this.#transitions[index] = StateCode.free | (StateCode.free << 4);
  }

  /**
   * Frees what is over: bound leases (they keep identity and variables, so that the client may
   * come back to its address) and abandoned ones. Calls `onExpired` for each, with what it had kept
   * for that moment, at most `leasesMax` times; returns how many. A lease whose end is in this very second still runs: clocks are cut
   * to whole seconds, and the client may count from a later part of the second than we did.
   */
  expireDue(
    nowSeconds: number,
    onExpired: (index: number, kept: readonly string[]) => void,
    leasesMax = Number.POSITIVE_INFINITY,
  ): number {
    let expired = 0;
    for (const queue of this.#queues) {
      for (const heap of [queue.active, queue.abandoned]) {
        for (let at = heap.first(); at >= 0 && expired < leasesMax; at = heap.first()) {
          if (this.#endsAt[at] >= nowSeconds || this.#endsAt[at] === NEVER) break;
          const kept = this.keptOf(at);
          this.#expire(at);
          expired += 1;
          onExpired(at, kept);
        }
      }
    }
    return expired;
  }

  /** Takes a record from the store; false when its address is in no range. It counts as durable. */
  load(record: LeaseRecord): boolean {
    const index = this.#ranges.indexOf(record.address);
    if (index < 0) return false;
    this.#clients.set(index, record, record);
    this.#clients.setRare(index, record);
    this.#setFlags(index, { reserved: record.reserved === true, bootp: record.bootp === true });
    this.#move(index, codeOf(record.bindingState), toStored(record.endsAt));
    this.#startsAt[index] = toStored(record.startsAt);
    this.#tstp[index] = toStored(record.tstp ?? (record.tstp === null ? null : 0));
    this.#cltt[index] = toStored(record.cltt ?? (record.cltt === null ? null : 0));
    const next = record.nextBindingState === undefined ? 0 : codeOf(record.nextBindingState);
    const rewind = record.rewindBindingState === undefined ? 0 : codeOf(record.rewindBindingState);
    this.#transitions[index] = next | (rewind << 4);
    this.#flags[index] |= Flag.durable;
    return true;
  }

  /** The lease as its record, with bytes of its own. */
  recordOf(index: number): LeaseRecord {
    const code = this.#states[index] || StateCode.free;
    const transitions = this.#transitions[index];
    const record: Mutable<LeaseRecord> = {
      address: this.#ranges.addressOf(index),
      bindingState: stateOfCode(code),
      startsAt: toRecord(this.#startsAt[index]),
      endsAt: toRecord(this.#endsAt[index]),
    };
    if (this.#tstp[index] !== 0) record.tstp = toRecord(this.#tstp[index]);
    if (this.#cltt[index] !== 0) record.cltt = toRecord(this.#cltt[index]);
    if ((transitions & 0xf) !== 0) record.nextBindingState = stateOfCode(transitions & 0xf);
    if (transitions >>> 4 !== 0) record.rewindBindingState = stateOfCode(transitions >>> 4);
    this.#clients.describe(index, record);
    if ((this.#flags[index] & Flag.reserved) !== 0) record.reserved = true;
    if ((this.#flags[index] & Flag.bootp) !== 0) record.bootp = true;
    return record;
  }

  /** False for addresses of which nothing is worth writing down: free, and no client known. */
  isWorthKeeping(index: number): boolean {
    const code = this.#states[index];
    if (code > StateCode.free) return true;
    return code === StateCode.free && (this.#clients.isKnown(index) || this.isReserved(index));
  }

  /** Numbers of leases by state, of one pool or of all. */
  counts(pool?: number): LeaseCounts {
    return sumCounts(pool === undefined ? this.#queues : [this.#queueOf(pool)]);
  }

  #isHeldBy(index: number, { hardware, clientId = noBytes }: LeaseClient): boolean {
    if (!this.hasClientId(index, clientId)) return false;
    return hardware !== undefined && this.hasHardware(index, hardware);
  }

  /** What a renewal leaves as it is: variables, which may have been set long ago. */
  #withVariables(index: number, extras: LeaseExtras): LeaseExtras {
    const variables = extras.variables ?? this.#clients.variablesOf(index);
    const vendorClass = extras.vendorClass ?? this.#clients.view(index).vendorClass;
    return { ...extras, vendorClass, ...(variables && { variables }) };
  }

  #queueOf(pool: number): PoolQueue {
    const queue = this.#queues[pool];
    if (queue === undefined) throw new RangeError(`pool ${pool} has no range`);
    return queue;
  }

  #expire(index: number): void {
    const { vendorClass } = this.#clients.view(index);
    const variables = this.#clients.variablesOf(index);
    this.#makeFree(index, this.#endsAt[index], { vendorClass });
    this.#clients.setRare(index, variables === undefined ? noExtras : { variables });
  }

  #makeFree(index: number, endsAt: number, extras: LeaseExtras): void {
    const { hardware, clientId } = this.#clients.view(index);
    this.#clients.set(
      index,
      hardware === undefined ? { clientId } : { hardware, clientId },
      extras,
    );
    this.#move(index, StateCode.free, endsAt);
    this.#tstp[index] = endsAt;
    this.#transitions[index] = 0;
  }

  /** Changes state and end, which decide the queue that the lease waits in. */
  #move(index: number, code: number, endsAt: number): void {
    const queue = this.#queues[this.#ranges.poolOf(index)]!;
    const before = this.#states[index];
    if (this.#isQueued(index)) queue.heapOf(before).remove(index);
    queue.counts[before] -= 1;
    queue.counts[code] += 1;
    this.#states[index] = code;
    this.#endsAt[index] = endsAt;
    this.#flags[index] &= ~Flag.durable;
    if (this.#isQueued(index)) queue.heapOf(code).add(index);
  }

  /** A reserved address that is free waits for its client, in no queue. */
  #isQueued(index: number): boolean {
    const code = this.#states[index];
    if (code === StateCode.neverUsed) return false;
    const isTimed = code === StateCode.active || code === StateCode.abandoned;
    return isTimed || (this.#flags[index] & Flag.reserved) === 0;
  }

  #setFlags(index: number, extras: LeaseExtras): void {
    if (extras.reserved === undefined && extras.bootp === undefined) return;
    // The reserved flag decides whether a free lease is queued, so it changes while it is in none.
    const queue = this.#queues[this.#ranges.poolOf(index)]!;
    const code = this.#states[index];
    if (this.#isQueued(index)) queue.heapOf(code).remove(index);
    if (extras.reserved !== undefined) this.#setFlag(index, Flag.reserved, extras.reserved);
    if (extras.bootp !== undefined) this.#setFlag(index, Flag.bootp, extras.bootp);
    if (this.#isQueued(index)) queue.heapOf(code).add(index);
  }

  #setFlag(index: number, flag: number, isSet: boolean): void {
    this.#flags[index] = isSet ? this.#flags[index] | flag : this.#flags[index] & ~flag;
  }

  #bestFirst(found: number[]): number[] {
    if (found.length < 2) return found;
    return found.sort(
      (left, right) =>
        this.#rank(left) - this.#rank(right) ||
        this.#endsAt[right] - this.#endsAt[left] ||
        this.#cltt[right] - this.#cltt[left] ||
        left - right,
    );
  }

  #rank(index: number): number {
    const code = this.#states[index];
    if (code === StateCode.active) return 0;
    if (code === StateCode.abandoned) return 3;
    return code === codeOf("expired") || code === codeOf("released") ? 1 : 2;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function codeOf(state: BindingState): number {
  return bindingStates.indexOf(state) + 1;
}

function stateOfCode(code: number): BindingState {
  return bindingStates[code - 1]!;
}

/** Times in the arrays: 0 = not stated, 2^32 - 1 = never. */
function toStored(seconds: number | null): number {
  return seconds === null || seconds >= NEVER ? NEVER : Math.max(0, seconds);
}

function fromStored(stored: number): number {
  return stored === NEVER ? Number.POSITIVE_INFINITY : stored;
}

function toRecord(stored: number): number | null {
  return stored === NEVER ? null : stored;
}
