import type { LeaseExtras, LeaseRecord } from "../lease.ts";
import { codeOf, LeaseFlag, stateOfCode, toRecordTime, toStored } from "./lease-codes.ts";
import { PackedClient } from "./packed-client.ts";

/** Fields that few leases have are stored apart, so that the other leases need no room for them. */
export type RareExtras = Pick<LeaseExtras, "variables" | "billing" | "kept" | "tsfp" | "atsfp">;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * One lease, encoded as in the table's columns. The object is reused, so leases pass between table and
 * file without a new object for each. The client may be a view of the table.
 */
export class LeaseRow {
  address = 0;
  /** State codes; for the next and the rewind state, 0 = not stated. */
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

  /** Resets the row to an address without a client. */
  clear(address: number): void {
    this.address = address;
    this.state = this.next = this.rewind = this.flags = 0;
    this.startsAt = this.endsAt = this.tstp = this.cltt = 0;
    this.client.clear();
    this.rare = undefined;
  }

  /** Copies a record into the row; some arrays are only viewed. */
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

  /** The row as a record with copied bytes. */
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

/** Whether any of the rare fields is set. */
export function isRare({ variables, billing, kept, tsfp, atsfp }: LeaseExtras): boolean {
  if (billing !== undefined || tsfp !== undefined || atsfp !== undefined) return true;
  return (variables?.length ?? 0) > 0 || (kept?.length ?? 0) > 0;
}
