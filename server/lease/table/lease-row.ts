import type { LeaseExtras, LeaseRecord } from "../lease.ts";
import { codeOf, LeaseFlag, stateOfCode, toRecordTime, toStored } from "./lease-codes.ts";
import { PackedClient } from "./packed-client.ts";

/** What few leases have is kept aside, so that the others do not pay for it. */
export type RareExtras = Pick<LeaseExtras, "variables" | "billing" | "kept" | "tsfp" | "atsfp">;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * One lease in the terms of the table's columns, for one use after the other: this is how leases pass
 * between table and file without a new object for each. The client may be a view of the table.
 */
export class LeaseRow {
  address = 0;
  /** State codes; of the next and the rewind state, 0 = not stated. */
  state = 0;
  next = 0;
  rewind = 0;
  /** Bits of LeaseFlag. */
  flags = 0;
  /** Stored times. */
  startsAt = 0;
  endsAt = 0;
  tstp = 0;
  cltt = 0;
  readonly client = new PackedClient();
  rare: RareExtras | undefined;

  /** An address and nothing else, to be filled. */
  clear(address: number): void {
    this.address = address;
    this.state = this.next = this.rewind = this.flags = 0;
    this.startsAt = this.endsAt = this.tstp = this.cltt = 0;
    this.client.clear();
    this.rare = undefined;
  }

  /** Takes over what a record says; of its arrays some are only viewed. */
  setRecord(record: LeaseRecord): void {
    this.address = record.address;
    this.state = codeOf(record.bindingState);
    this.next = codeOf(record.nextBindingState);
    this.rewind = codeOf(record.rewindBindingState);
    const reserved = record.reserved === true ? LeaseFlag.reserved : 0;
    this.flags = reserved | (record.bootp === true ? LeaseFlag.bootp : 0);
    this.startsAt = toStored(record.startsAt);
    this.endsAt = toStored(record.endsAt);
    this.tstp = toStored(record.tstp);
    this.cltt = toStored(record.cltt);
    this.client.pack(record, record);
    this.rare = isRare(record) ? record : undefined;
  }

  /** The row as a record, with bytes of its own. */
  toRecord(): LeaseRecord {
    const record: Mutable<LeaseRecord> = {
      address: this.address,
      bindingState: stateOfCode(this.state),
      startsAt: toRecordTime(this.startsAt),
      endsAt: toRecordTime(this.endsAt),
    };
    if (this.tstp !== 0) record.tstp = toRecordTime(this.tstp);
    if (this.cltt !== 0) record.cltt = toRecordTime(this.cltt);
    if (this.next !== 0) record.nextBindingState = stateOfCode(this.next);
    if (this.rewind !== 0) record.rewindBindingState = stateOfCode(this.rewind);
    const { client, rare } = this;
    const hardware = client.hardware();
    if (hardware !== undefined) {
      record.hardware = { type: hardware.type, address: hardware.address.slice() };
    }
    if (client.clientIdLength > 0) record.clientId = client.clientId().slice();
    if (client.hostnameLength > 0) record.hostname = client.hostname().slice();
    if (client.vendorLength > 0) record.vendorClass = client.vendorClass().slice();
    if (client.agentOptionsLength > 0) record.agentOptions = client.agentOptions().slice();
    if (rare?.variables !== undefined) record.variables = rare.variables;
    if (rare?.billing !== undefined) record.billing = rare.billing;
    if (rare?.kept !== undefined) record.kept = rare.kept;
    if (rare?.tsfp !== undefined) record.tsfp = rare.tsfp;
    if (rare?.atsfp !== undefined) record.atsfp = rare.atsfp;
    if ((this.flags & LeaseFlag.reserved) !== 0) record.reserved = true;
    if ((this.flags & LeaseFlag.bootp) !== 0) record.bootp = true;
    return record;
  }
}

/** True when there is something to keep aside. */
export function isRare({ variables, billing, kept, tsfp, atsfp }: LeaseExtras): boolean {
  if (billing !== undefined || tsfp !== undefined || atsfp !== undefined) return true;
  return (variables?.length ?? 0) > 0 || (kept?.length ?? 0) > 0;
}
