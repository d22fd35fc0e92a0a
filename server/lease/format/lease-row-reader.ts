import { latin1Bytes } from "../../../protocol/latin1.ts";
import { bindingStates } from "../lease.ts";
import { putUint16 } from "../table/byte-fields.ts";
import { LeaseRow } from "../table/lease-row.ts";
import { HEADER_BYTES, PackedField } from "../table/packed-client.ts";
import { LeaseCursor } from "./lease-cursor.ts";

const leaseStart = latin1Bytes("lease ");
const blockStart = latin1Bytes(" {\n");
const blockEnd = latin1Bytes("}");
const starts = latin1Bytes("  starts ");
const ends = latin1Bytes("  ends ");
const tstp = latin1Bytes("  tstp ");
const cltt = latin1Bytes("  cltt ");
const binding = latin1Bytes("  binding state ");
const nextBinding = latin1Bytes("  next binding state ");
const rewindBinding = latin1Bytes("  rewind binding state ");
const hardware = latin1Bytes("  hardware ethernet ");
const uid = latin1Bytes("  uid ");
const vendorClass = latin1Bytes("  set vendor-class-identifier = ");
const agentOption = latin1Bytes("  option agent.");
const circuitId = latin1Bytes("circuit-id ");
const remoteId = latin1Bytes("remote-id ");
const unknownOption = latin1Bytes("unknown-");
const hostname = latin1Bytes("  client-hostname ");
const statementEnd = latin1Bytes(";\n");
const quote = latin1Bytes('"');
/** Text of each state, by state code. */
const states = ["", ...bindingStates].map((state) => latin1Bytes(`${state};\n`));

/** Longer values are rare, so the parser reads them. */
const VALUE_BYTES_MAX = 400;
const AGENT_BYTES_MAX = 800;
const CLIENT_BYTES_MAX = HEADER_BYTES + 3 * VALUE_BYTES_MAX + AGENT_BYTES_MAX;

/**
 * Reads leases that are worded exactly as we and dhcpd write them, in place and without garbage. The
 * parser reads all others: those worded differently, and those with rare fields. It gives the same
 * result, and it also reports what is wrong.
 */
export class LeaseRowReader {
  /** The lease read last. */
  readonly row = new LeaseRow();
  readonly #cursor = new LeaseCursor();
  readonly #vendorBytes = new Uint8Array(VALUE_BYTES_MAX);

  /**
   * Reads the lease at `start` into `row`; returns the offset after its `}`, -1 when the parser has to
   * read it.
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    const cursor = this.#cursor;
    cursor.bytes = bytes;
    cursor.at = start;
    // The cursor only moves forward, so a lease that ends before `end` used no byte after it.
    return this.#readLease() && cursor.at <= end ? cursor.at : -1;
  }

  #readLease(): boolean {
    const cursor = this.#cursor;
    if (!cursor.takes(leaseStart)) return false;
    const { row } = this;
    const address = cursor.address();
    if (address < 0 || !cursor.takes(blockStart)) return false;
    row.clear(address);
    row.client.clear(CLIENT_BYTES_MAX);
    row.startsAt = cursor.date(starts);
    row.endsAt = cursor.date(ends);
    row.tstp = cursor.date(tstp);
    row.cltt = cursor.date(cltt);
    if (row.startsAt < 0 || row.endsAt < 0 || row.tstp < 0 || row.cltt < 0) return false;
    row.state = this.#state(binding);
    row.next = this.#state(nextBinding);
    row.rewind = this.#state(rewindBinding);
    if (row.state <= 0 || row.next < 0 || row.rewind < 0) return false;
    return this.#readClient() && cursor.takes(blockEnd);
  }

  #readClient(): boolean {
    const cursor = this.#cursor;
    const { client } = this.row;
    const { bytes } = client;
    let to = HEADER_BYTES;
    if (cursor.takes(hardware)) {
      const length = cursor.hexList(bytes, to, 255);
      if (length < 0 || !cursor.takes(statementEnd)) return false;
      bytes[PackedField.hardwareType] = 1;
      bytes[PackedField.hardwareLength] = length;
      to += length;
    }
    if (cursor.takes(uid)) {
      const length = this.#value(bytes, to, VALUE_BYTES_MAX);
      if (length < 0) return false;
      putUint16(bytes, PackedField.clientIdLength, length);
      to += length;
    }
    if (cursor.takes(vendorClass)) {
      const length = cursor.takes(quote)
        ? cursor.string(this.#vendorBytes, 0, VALUE_BYTES_MAX)
        : -1;
      if (length < 0 || !cursor.takes(statementEnd)) return false;
      client.vendorBytes = this.#vendorBytes;
      client.vendorStart = 0;
      client.vendorLength = length;
    }
    const agentStart = to;
    while (cursor.takes(agentOption)) {
      to = this.#agentOption(bytes, to, agentStart + AGENT_BYTES_MAX);
      if (to < 0) return false;
    }
    putUint16(bytes, PackedField.agentOptionsLength, to - agentStart);
    if (!cursor.takes(hostname)) return true;
    const length = cursor.takes(quote) ? cursor.string(bytes, to, VALUE_BYTES_MAX) : -1;
    if (length < 0 || !cursor.takes(statementEnd)) return false;
    putUint16(bytes, PackedField.hostnameLength, length);
    return true;
  }

  /** Reads a state; 0 when the statement is missing, negative when the state is unknown. */
  #state(name: Uint8Array): number {
    const cursor = this.#cursor;
    if (!cursor.takes(name)) return 0;
    for (let code = 1; code < states.length; code += 1) if (cursor.takes(states[code])) return code;
    return -1;
  }

  /**
   * Reads a string or hexadecimal bytes, and the end of the statement. Returns the length, -1 for
   * anything else.
   */
  #value(to: Uint8Array, start: number, bytesMax: number): number {
    const cursor = this.#cursor;
    const length = cursor.takes(quote)
      ? cursor.string(to, start, bytesMax)
      : cursor.hexList(to, start, bytesMax);
    return cursor.takes(statementEnd) ? length : -1;
  }

  /** Reads the name and value of a sub-option; returns the offset after its bytes, -1 for others. */
  #agentOption(to: Uint8Array, start: number, end: number): number {
    const cursor = this.#cursor;
    let code = -1;
    if (cursor.takes(circuitId)) code = 1;
    else if (cursor.takes(remoteId)) code = 2;
    else if (cursor.takes(unknownOption)) code = cursor.optionCode();
    const room = Math.min(255, end - start - 2);
    if (code < 0 || room <= 0) return -1;
    const length = this.#value(to, start + 2, room);
    if (length <= 0) return -1;
    to[start] = code;
    to[start + 1] = length;
    return start + 2 + length;
  }
}
