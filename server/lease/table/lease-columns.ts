import {
  type BindingState,
  type HardwareAddress,
  type LeaseBilling,
  type LeaseBindings,
  type LeaseRecord,
  type LeaseValue,
  VENDOR_CLASS_VARIABLE,
} from "../lease.ts";
import { AddressRanges, type LeaseRange } from "./address-ranges.ts";
import { Octet, ROW_BYTES, ROW_WORDS, Word } from "./lease-cells.ts";
import { LeaseClients } from "./lease-clients.ts";
import { fromStored, LeaseFlag, StateCode, stateOfCode, toStored } from "./lease-codes.ts";
import { LeaseRow } from "./lease-row.ts";

const nothingKept: readonly string[] = [];

export interface LeaseTableOptions {
  /** A number that clients cannot know, which keeps them from aiming at one hash bucket. */
  readonly hashSeed?: number;
}

/**
 * The state of each lease, by index: the addresses of all ranges in ascending order. Times are seconds
 * since the epoch; Infinity is "never". This class reads; `LeaseTable` adds the changes.
 */
export class LeaseColumns {
  protected readonly ranges: AddressRanges;
  /**
   * Rows of codes and stored times: lease-cells.ts, lease-codes.ts. Transitions hold the codes of the
   * next state (low four bits) and of the rewind state; 0 = not stated.
   */
  protected readonly words: Uint32Array;
  protected readonly octets: Uint8Array;
  protected readonly clients: LeaseClients;
  readonly #row = new LeaseRow();

  /** Throws RangeError when ranges overlap or have more than 2^24 addresses. */
  constructor(ranges: readonly LeaseRange[], options: LeaseTableOptions = {}) {
    this.ranges = new AddressRanges(ranges);
    const { size } = this.ranges;
    this.words = new Uint32Array(size * ROW_WORDS);
    this.octets = new Uint8Array(this.words.buffer);
    this.clients = new LeaseClients(size, this.words, options.hashSeed ?? 0);
  }

  get size(): number {
    return this.ranges.size;
  }

  /** Memory of the arrays in bytes; rare extras (variables, billing) are not included. */
  get bytesReserved(): number {
    return this.words.byteLength + this.clients.bytesReserved;
  }

  /** -1 when the address is in no range. */
  indexOf(address: number): number {
    return this.ranges.indexOf(address);
  }

  addressOf(index: number): number {
    return this.ranges.addressOf(index);
  }

  poolOf(index: number): number {
    return this.ranges.poolOf(index);
  }

  stateOf(index: number): BindingState {
    return stateOfCode(this.octets[index * ROW_BYTES + Octet.state] || StateCode.free);
  }

  isActive(index: number): boolean {
    return this.octets[index * ROW_BYTES + Octet.state] === StateCode.active;
  }

  isAbandoned(index: number): boolean {
    return this.octets[index * ROW_BYTES + Octet.state] === StateCode.abandoned;
  }

  isNeverUsed(index: number): boolean {
    return this.octets[index * ROW_BYTES + Octet.state] === StateCode.neverUsed;
  }

  isReserved(index: number): boolean {
    return (this.octets[index * ROW_BYTES + Octet.flags] & LeaseFlag.reserved) !== 0;
  }

  /** The lease was made for a BOOTP client, which was never told when it ends. */
  isBootp(index: number): boolean {
    return (this.octets[index * ROW_BYTES + Octet.flags] & LeaseFlag.bootp) !== 0;
  }

  startsAt(index: number): number {
    return fromStored(this.words[index * ROW_WORDS + Word.starts]);
  }

  /** End of the lease, or of the hold when a free address is held for an offer; 0 = unknown. */
  endsAt(index: number): number {
    return fromStored(this.words[index * ROW_WORDS + Word.ends]);
  }

  /** When the server last acted for the client; 0 = never. */
  cltt(index: number): number {
    return fromStored(this.words[index * ROW_WORDS + Word.cltt]);
  }

  setCltt(index: number, nowSeconds: number): void {
    this.words[index * ROW_WORDS + Word.cltt] = toStored(nowSeconds);
  }

  /** Whether the lease's last change is known to be in the store. */
  isDurable(index: number): boolean {
    return (this.octets[index * ROW_BYTES + Octet.flags] & LeaseFlag.durable) !== 0;
  }

  /** Call it after the commit that holds the lease's record. */
  markDurable(index: number): void {
    this.octets[index * ROW_BYTES + Octet.flags] |= LeaseFlag.durable;
  }

  /** Every change does this by itself; call it after a failed commit to be sure. */
  markPending(index: number): void {
    this.octets[index * ROW_BYTES + Octet.flags] &= ~LeaseFlag.durable;
  }

  /** View of the stored client id, empty when there is none; valid until the next change. */
  clientIdOf(index: number): Uint8Array {
    return this.clients.view(index).clientId();
  }

  /** View, valid until the next change; undefined when the hardware is not known. */
  hardwareOf(index: number): HardwareAddress | undefined {
    return this.clients.view(index).hardware();
  }

  /** View of option 82 as stored at the last commit, empty when there was none. */
  agentOptionsOf(index: number): Uint8Array {
    return this.clients.view(index).agentOptions();
  }

  /** View of the client's option 12, empty when there was none. */
  hostnameOf(index: number): Uint8Array {
    return this.clients.view(index).hostname();
  }

  /** The variables of the lease, copied. */
  bindingsOf(index: number): LeaseBindings {
    const bindings = new Map<string, LeaseValue>();
    const client = this.clients.view(index);
    if (client.vendorLength > 0) bindings.set(VENDOR_CLASS_VARIABLE, client.vendorClass().slice());
    for (const [name, value] of this.clients.rareOf(index)?.variables ?? [])
      bindings.set(name, value);
    return bindings;
  }

  /** `on expiry { … }` and `on release { … }` of the lease, as their text. */
  keptOf(index: number): readonly string[] {
    return this.clients.rareOf(index)?.kept ?? nothingKept;
  }

  billingOf(index: number): LeaseBilling | undefined {
    return this.clients.rareOf(index)?.billing;
  }

  /** An empty `clientId` asks whether the lease has none. */
  hasClientId(index: number, clientId: Uint8Array): boolean {
    return this.clients.hasClientId(index, clientId);
  }

  hasHardware(index: number, hardware: HardwareAddress): boolean {
    return this.clients.hasHardware(index, hardware);
  }

  /**
   * Whether the stored client id is this one; for a lease without one, whether the hardware address is.
   */
  isOf(index: number, hardware: HardwareAddress, clientId: Uint8Array | undefined): boolean {
    return this.clients.isOf(index, hardware, clientId);
  }

  /**
   * All leases of this client id, best first: active, then expired and released (of a pair), then free, then
   * abandoned; among equals the later end, then the later cltt, then the lower address.
   */
  byClientId(clientId: Uint8Array): number[] {
    return this.#bestFirst(this.clients.allWithClientId(clientId));
  }

  /** All leases of this hardware address, in the same order, regardless of the client id. */
  byHardware(htype: number, chaddr: Uint8Array): number[] {
    return this.#bestFirst(this.clients.allWithHardware(htype, chaddr));
  }

  /** Whether this hardware address has a lease, or had one or an OFFER. Makes no garbage. */
  holdOf(htype: number, chaddr: Uint8Array): "active" | "past" | "none" {
    const { clients } = this;
    let hold: "past" | "none" = "none";
    let at = clients.firstWithHardware(htype, chaddr);
    for (; at >= 0; at = clients.nextWithHardware(at, htype, chaddr)) {
      if (this.isActive(at)) return "active";
      hold = "past";
    }
    return hold;
  }

  /** The lease as a record with copied bytes. */
  recordOf(index: number): LeaseRecord {
    this.readRow(index, this.#row);
    return this.#row.toRecord();
  }

  /** Fills `row` with the lease; its client is a view, valid until the next change of any lease. */
  readRow(index: number, row: LeaseRow): void {
    row.address = this.ranges.addressOf(index);
    row.state = this.octets[index * ROW_BYTES + Octet.state] || StateCode.free;
    row.next = this.octets[index * ROW_BYTES + Octet.transitions] & 0xf;
    row.rewind = this.octets[index * ROW_BYTES + Octet.transitions] >>> 4;
    row.flags = this.octets[index * ROW_BYTES + Octet.flags];
    row.startsAt = this.words[index * ROW_WORDS + Word.starts];
    row.endsAt = this.words[index * ROW_WORDS + Word.ends];
    row.tstp = this.words[index * ROW_WORDS + Word.tstp];
    row.cltt = this.words[index * ROW_WORDS + Word.cltt];
    this.clients.read(index, row.client);
    row.rare = this.clients.rareOf(index);
  }

  /** False for addresses that need no record: free, and no client known. */
  isWorthKeeping(index: number): boolean {
    const code = this.octets[index * ROW_BYTES + Octet.state];
    if (code > StateCode.free) return true;
    return code === StateCode.free && (this.clients.isKnown(index) || this.isReserved(index));
  }

  #bestFirst(found: number[]): number[] {
    return found.length < 2 ? found : found.sort((left, right) => this.#compare(left, right));
  }

  #compare(left: number, right: number): number {
    return (
      rankOfState[this.octets[left * ROW_BYTES + Octet.state]] -
        rankOfState[this.octets[right * ROW_BYTES + Octet.state]] ||
      this.words[right * ROW_WORDS + Word.ends] - this.words[left * ROW_WORDS + Word.ends] ||
      this.words[right * ROW_WORDS + Word.cltt] - this.words[left * ROW_WORDS + Word.cltt] ||
      left - right
    );
  }
}

const rankOfState = new Uint8Array(16).fill(2);
rankOfState[StateCode.active] = 0;
rankOfState[StateCode.expired] = 1;
rankOfState[StateCode.released] = 1;
rankOfState[StateCode.abandoned] = 3;
