import {
  isVariableName,
  type LeaseBindings,
  type LeaseClient,
  type LeaseExtras,
  type LeaseRecord,
  type LeaseValue,
  VENDOR_CLASS_VARIABLE,
} from "../lease.ts";
import type { LeaseRange } from "./address-ranges.ts";
import { Octet, ROW_BYTES, ROW_WORDS, Word } from "./lease-cells.ts";
import { LeaseFlag, NEVER, StateCode, toStored } from "./lease-codes.ts";
import { LeaseColumns, type LeaseTableOptions } from "./lease-columns.ts";
import { LeaseRow } from "./lease-row.ts";
import { noBytes } from "./packed-client.ts";
import { type LeaseCounts, PoolQueue, sumCounts } from "./pool-queue.ts";

export type { LeaseRange } from "./address-ranges.ts";
export type { LeaseTableOptions } from "./lease-columns.ts";
export type { LeaseCounts } from "./pool-queue.ts";

const FREE_NEXT = StateCode.free | (StateCode.free << 4);
const noExtras: LeaseExtras = {};

/**
 * All dynamic leases, in memory only: append each change to a LeaseStore (`appendLease`). `isDurable`
 * tells whether a change was committed.
 */
export class LeaseTable extends LeaseColumns {
  readonly #queues: PoolQueue[];
  readonly #row = new LeaseRow();

  /** Throws RangeError when ranges overlap or have more than 2^24 addresses. */
  constructor(ranges: readonly LeaseRange[], options: LeaseTableOptions = {}) {
    super(ranges, options);
    this.#queues = Array.from(
      { length: this.ranges.poolCount },
      () => new PoolQueue(this.words, this.octets),
    );
    for (const { low, high, pool } of ranges) {
      const first = this.ranges.indexOf(low);
      this.#queues[pool].addSpan(first, first + (high - low) + 1);
    }
  }

  override get bytesReserved(): number {
    const queues = this.#queues.reduce((total, queue) => total + queue.bytesReserved, 0);
    return super.bytesReserved + queues;
  }

  /**
   * Replaces all variables of the lease, which is then not durable. A change is worth writing only where
   * a client is known. Throws RangeError for a name that a lease file cannot have.
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
    const client = this.clients.view(index);
    const extras = { hostname: client.hostname(), agentOptions: client.agentOptions() };
    this.clients.set(index, this.#clientOf(index), { ...extras, vendorClass });
    this.clients.setRare(index, { ...this.clients.rareOf(index), variables });
    this.markPending(index);
  }

  /**
   * A free address of the pool: a never used one first, then the one whose use ended longest ago; -1 when
   * there is none. Held, reserved and abandoned addresses are not free. Changes nothing: call `offer` or
   * `bind`.
   */
  takeFree(pool: number, nowSeconds: number): number {
    const queue = this.#queueOf(pool);
    const neverUsed = queue.firstNeverUsed();
    if (neverUsed >= 0) return neverUsed;
    const oldest = queue.free.first();
    return oldest >= 0 && this.words[oldest * ROW_WORDS + Word.ends] <= nowSeconds ? oldest : -1;
  }

  /**
   * As a last resort, the address abandoned longest ago, unless for ever; -1 while any free one exists, even
   * held.
   */
  takeAbandoned(pool: number): number {
    const queue = this.#queueOf(pool);
    if (queue.free.size > 0 || queue.firstNeverUsed() >= 0) return -1;
    const oldest = queue.abandoned.first();
    return oldest < 0 || this.words[oldest * ROW_WORDS + Word.ends] === NEVER ? -1 : oldest;
  }

  /**
   * Holds a free or abandoned address for a client until it answers the offer. An active lease stays
   * unchanged, because its end counts.
   */
  offer(index: number, client: LeaseClient, holdUntilSeconds: number): void {
    if (this.isActive(index)) return;
    if (!this.#isHeldBy(index, client)) {
      this.clients.set(index, client, noExtras);
      this.clients.setRare(index, noExtras);
    }
    this.#move(index, StateCode.free, toStored(holdUntilSeconds));
    this.octets[index * ROW_BYTES + Octet.transitions] = 0;
  }

  /** Ends the hold of an offer that did not leave. */
  letGo(index: number, nowSeconds: number): void {
    if (this.octets[index * ROW_BYTES + Octet.state] !== StateCode.free) return;
    this.#move(index, StateCode.free, toStored(nowSeconds));
  }

  /**
   * Binds the lease. `extras` replace what was remembered. The flags `reserved` and `bootp` stay when
   * they are not given, and so do the variables and the vendor class of a client that already has the
   * lease. The lease is not durable until `markDurable`.
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
    this.clients.set(index, client, all);
    this.clients.setRare(index, all);
    if (extras.reserved !== undefined || extras.bootp !== undefined) {
      this.#setFlags(index, extras.reserved, extras.bootp);
    }
    this.#move(index, StateCode.active, toStored(endsAt));
    this.words[index * ROW_WORDS + Word.starts] = toStored(startsAt);
    this.words[index * ROW_WORDS + Word.cltt] = toStored(startsAt);
    this.words[index * ROW_WORDS + Word.tstp] = 0;
    this.octets[index * ROW_BYTES + Octet.transitions] = FREE_NEXT;
  }

  /** The client gave the address back. The lease keeps the client's identity and nothing else. */
  release(index: number, nowSeconds: number): void {
    this.#makeFree(index, toStored(nowSeconds), noExtras);
    this.clients.setRare(index, noExtras);
  }

  /** Another device uses the address: nobody gets it before `untilSeconds`. */
  abandon(index: number, nowSeconds: number, untilSeconds: number): void {
    this.clients.set(index, {}, noExtras);
    this.clients.setRare(index, noExtras);
    this.#move(index, StateCode.abandoned, toStored(untilSeconds));
    this.words[index * ROW_WORDS + Word.starts] = toStored(nowSeconds);
    this.words[index * ROW_WORDS + Word.tstp] = toStored(untilSeconds);
    this.octets[index * ROW_BYTES + Octet.transitions] = FREE_NEXT;
  }

  /** Nobody can tell whose lease this is: it is given to nobody until a record of it is loaded. */
  block(index: number): void {
    this.abandon(index, 0, Number.POSITIVE_INFINITY);
    // Nor may a host declaration take it.
    this.#setFlags(index, true, undefined);
  }

  /**
   * Frees leases that are over: bound ones (they keep identity and variables, so that the client may come
   * back to its address) and abandoned ones. Calls `onExpired` for each with its `on expiry` statements,
   * at most `leasesMax` times; returns how many. A lease that ends in the current second is still
   * running: clocks are cut to whole seconds, and the client may count from a later part of the second
   * than we did.
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
          const endsAt = this.words[at * ROW_WORDS + Word.ends];
          if (endsAt >= nowSeconds || endsAt === NEVER) break;
          const kept = this.keptOf(at);
          this.#expire(at);
          expired += 1;
          onExpired(at, kept);
        }
      }
    }
    return expired;
  }

  /** Takes a record from the store, which counts as durable. False when its address is in no range. */
  load(record: LeaseRecord): boolean {
    if (this.indexOf(record.address) < 0) return false;
    this.#row.setRecord(record);
    return this.loadRow(this.#row);
  }

  /** The same for a row whose client has its own bytes. */
  loadRow(row: LeaseRow): boolean {
    const index = this.indexOf(row.address);
    if (index < 0) return false;
    this.clients.store(index, row.client);
    this.clients.setRare(index, row.rare ?? noExtras);
    const { reserved, bootp } = LeaseFlag;
    const flags = this.octets[index * ROW_BYTES + Octet.flags];
    if (((flags ^ row.flags) & (reserved | bootp)) !== 0) {
      this.#setFlags(index, (row.flags & reserved) !== 0, (row.flags & bootp) !== 0);
    }
    this.#move(index, row.state, row.endsAt);
    this.words[index * ROW_WORDS + Word.starts] = row.startsAt;
    this.words[index * ROW_WORDS + Word.tstp] = row.tstp;
    this.words[index * ROW_WORDS + Word.cltt] = row.cltt;
    this.octets[index * ROW_BYTES + Octet.transitions] = row.next | (row.rewind << 4);
    this.octets[index * ROW_BYTES + Octet.flags] |= LeaseFlag.durable;
    return true;
  }

  /** Numbers of leases by state, of one pool or of all. */
  counts(pool?: number): LeaseCounts {
    return sumCounts(pool === undefined ? this.#queues : [this.#queueOf(pool)]);
  }

  #isHeldBy(index: number, { hardware, clientId = noBytes }: LeaseClient): boolean {
    if (!this.hasClientId(index, clientId)) return false;
    return hardware !== undefined && this.hasHardware(index, hardware);
  }

  /** A renewal keeps the variables, which may have been set long ago. */
  #withVariables(index: number, extras: LeaseExtras): LeaseExtras {
    const variables = extras.variables ?? this.clients.rareOf(index)?.variables;
    if (variables === undefined && extras.vendorClass !== undefined) return extras;
    const vendorClass = extras.vendorClass ?? this.clients.view(index).vendorClass();
    return { ...extras, vendorClass, ...(variables && { variables }) };
  }

  #queueOf(pool: number): PoolQueue {
    const queue = this.#queues[pool];
    if (queue === undefined) throw new RangeError(`pool ${pool} has no range`);
    return queue;
  }

  #expire(index: number): void {
    const variables = this.clients.rareOf(index)?.variables;
    const vendorClass = this.clients.view(index).vendorClass();
    this.#makeFree(index, this.words[index * ROW_WORDS + Word.ends], { vendorClass });
    this.clients.setRare(index, variables === undefined ? noExtras : { variables });
  }

  #makeFree(index: number, endsAt: number, extras: LeaseExtras): void {
    this.clients.set(index, this.#clientOf(index), extras);
    this.#move(index, StateCode.free, endsAt);
    this.words[index * ROW_WORDS + Word.tstp] = endsAt;
    this.octets[index * ROW_BYTES + Octet.transitions] = 0;
  }

  #clientOf(index: number): LeaseClient {
    const hardware = this.hardwareOf(index);
    const clientId = this.clientIdOf(index);
    return hardware === undefined ? { clientId } : { hardware, clientId };
  }

  /** Changes state and end, which decide the lease's queue. */
  #move(index: number, code: number, endsAt: number): void {
    const queue = this.#queues[this.ranges.poolOf(index)];
    const before = this.octets[index * ROW_BYTES + Octet.state];
    const heapBefore = this.#isQueued(index) ? queue.heapOf(before) : undefined;
    queue.counts[before] -= 1;
    queue.counts[code] += 1;
    this.octets[index * ROW_BYTES + Octet.state] = code;
    this.octets[index * ROW_BYTES + Octet.flags] &= ~LeaseFlag.durable;
    const heap = this.#isQueued(index) ? queue.heapOf(code) : undefined;
    if (heap !== heapBefore) heapBefore?.remove(index);
    this.words[index * ROW_WORDS + Word.ends] = endsAt;
    if (heap === undefined) return;
    if (heap === heapBefore) heap.moved(index);
    else heap.add(index);
  }

  /** A free reserved address waits for its client and is in no queue. */
  #isQueued(index: number): boolean {
    const code = this.octets[index * ROW_BYTES + Octet.state];
    if (code === StateCode.neverUsed) return false;
    const isTimed = code === StateCode.active || code === StateCode.abandoned;
    return isTimed || (this.octets[index * ROW_BYTES + Octet.flags] & LeaseFlag.reserved) === 0;
  }

  /**
   * The reserved flag decides whether a free lease is queued, so change it only while it is in no queue.
   */
  #setFlags(index: number, reserved: boolean | undefined, bootp: boolean | undefined): void {
    const queue = this.#queues[this.ranges.poolOf(index)];
    const code = this.octets[index * ROW_BYTES + Octet.state];
    if (this.#isQueued(index)) queue.heapOf(code).remove(index);
    if (reserved !== undefined) this.#setFlag(index, LeaseFlag.reserved, reserved);
    if (bootp !== undefined) this.#setFlag(index, LeaseFlag.bootp, bootp);
    if (this.#isQueued(index)) queue.heapOf(code).add(index);
  }

  #setFlag(index: number, flag: number, isSet: boolean): void {
    const at = index * ROW_BYTES + Octet.flags;
    this.octets[at] = isSet ? this.octets[at] | flag : this.octets[at] & ~flag;
  }
}
