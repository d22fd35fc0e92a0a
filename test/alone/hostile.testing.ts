import type { Prng } from "../../base/prng.ts";
import { Offset } from "../../protocol/dhcp/header.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { BootOperation, encodePacket, type OutgoingOption } from "../../protocol/dhcp/packet.ts";
import { samplePackets } from "../../protocol/dhcp/samples.testing.ts";
import { readIpv4, writeIpv4 } from "../../protocol/ipv4.ts";

/** A device that exists, with the address that it has: what is aimed at it reaches the decisions. */
export interface Target {
  readonly mac: Uint8Array;
  readonly giaddr: number;
  readonly address: number;
}

export const hostileBytesMax = 4600;
const mutatedBytesMax = 1400;
const loopback = 0x7f00_0001;
const encoder = new TextEncoder();

/** Deterministic: the same seed and targets give the same datagrams, good ones in between. */
export class HostileSource {
  readonly #prng: Prng;
  readonly #targets: readonly Target[];
  readonly #buffer = new Uint8Array(hostileBytesMax);

  constructor(prng: Prng, targets: readonly Target[]) {
    this.#prng = prng;
    this.#targets = targets;
  }

  /** The next datagram: a view that is valid until the next call. */
  next(): Uint8Array {
    const kind = this.#prng.nextBelow(20);
    let length: number;
    if (kind === 0) length = this.#random(0, this.#prng.nextBelow(700));
    else if (kind === 1) length = this.#huge();
    else if (kind === 2) length = this.#random(Offset.options, 240 + this.#prng.nextBelow(400));
    else {
      length = this.#good();
      for (let count = this.#prng.nextBelow(5); count > 0; count -= 1)
        length = this.#mutate(length);
    }
    const datagram = this.#buffer.subarray(0, length);
    keepOnThisMachine(datagram);
    return datagram;
  }

  #random(start: number, end: number): number {
    if (start > 0) this.#good();
    for (let at = start; at < end; at += 1) this.#buffer[at] = this.#prng.nextUInt32();
    return Math.max(start, end);
  }

  /** Mostly longer than the server takes at all. */
  #huge(): number {
    const start = this.#good();
    const end = 3600 + this.#prng.nextBelow(hostileBytesMax - 3600);
    this.#buffer.fill(this.#prng.nextBelow(256), start, end);
    return end;
  }

  #good(): number {
    if (this.#prng.nextBelow(4) === 0) {
      const { bytes } = samplePackets[this.#prng.nextBelow(samplePackets.length)];
      this.#buffer.set(bytes);
      return bytes.length;
    }
    const target = this.#targets[this.#prng.nextBelow(this.#targets.length)];
    const type = this.#prng.nextBelow(15);
    const isRelayed = this.#prng.nextBelow(4) !== 0;
    const hasAddress = type === MessageType.release || this.#prng.nextBelow(3) === 0;
    this.#buffer.fill(0, 0, mutatedBytesMax);
    return encodePacket(
      {
        ...{ op: BootOperation.request, htype: 1, hops: 1, secs: 0 },
        xid: this.#prng.nextUInt32(),
        flags: this.#prng.nextBelow(2) * 0x8000,
        ciaddr: hasAddress ? target.address : 0,
        ...{ yiaddr: 0, siaddr: 0, giaddr: isRelayed ? target.giaddr : 0 },
        chaddr: target.mac,
        ...{ sname: new Uint8Array(0), file: new Uint8Array(0) },
        options: this.#options(type, target),
      },
      this.#buffer,
      0,
    );
  }

  #options(type: number, { address, giaddr, mac }: Target): OutgoingOption[] {
    const four = (value: number): Uint8Array => {
      const bytes = new Uint8Array(4);
      writeIpv4(bytes, 0, value);
      return bytes;
    };
    const possible: readonly OutgoingOption[] = [
      { code: OptionCode.requestedAddress, value: four(address + this.#prng.nextBelow(2)) },
      { code: OptionCode.serverIdentifier, value: four(loopback) },
      { code: OptionCode.clientIdentifier, value: Uint8Array.of(1, ...mac) },
      { code: OptionCode.parameterRequestList, value: this.#bytes(1 + this.#prng.nextBelow(40)) },
      { code: OptionCode.maxMessageSize, value: this.#bytes(2) },
      { code: OptionCode.leaseTime, value: this.#bytes(4) },
      { code: OptionCode.hostName, value: this.#bytes(1 + this.#prng.nextBelow(60)) },
      { code: OptionCode.vendorClassIdentifier, value: encoder.encode("docsis3.0:050103") },
      { code: OptionCode.subnetSelection, value: four(giaddr) },
      {
        code: OptionCode.relayAgentInformation,
        value: Uint8Array.of(1, 4, ...this.#bytes(4), 2, 6, ...mac),
      },
    ];
    const chosen = possible.filter(() => this.#prng.nextBelow(2) === 0);
    // Type 0 stands for BOOTP: no option 53 at all.
    if (type === 0) return chosen;
    return [{ code: OptionCode.messageType, value: Uint8Array.of(type) }, ...chosen];
  }

  #bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#prng.nextUInt32());
  }

  /** One change to the first `length` bytes; returns the new length. */
  #mutate(length: number): number {
    const prng = this.#prng;
    const buffer = this.#buffer;
    if (length < 2) return length;
    // Options are where the shape is; the header only has values.
    const inOptions = length > Offset.options + 1 && prng.nextBelow(4) !== 0;
    const first = inOptions ? Offset.options : 0;
    const at = first + prng.nextBelow(length - first);
    switch (prng.nextBelow(7)) {
      case 0:
        buffer[at] ^= 1 << prng.nextBelow(8);
        return length;
      case 1:
        buffer[at] = [0, 1, 255, prng.nextUInt32()][prng.nextBelow(4)];
        return length;
      case 2:
        return at;
      case 3: {
        const count = 1 + prng.nextBelow(Math.min(12, length - at));
        buffer.copyWithin(at, at + count, length);
        return length - count;
      }
      case 4: {
        const count = Math.min(1 + prng.nextBelow(300), mutatedBytesMax - length);
        if (count <= 0) return length;
        buffer.copyWithin(at + count, at, length);
        for (let place = at; place < at + count; place += 1) buffer[place] = prng.nextUInt32();
        return length + count;
      }
      case 5:
        // A part once more in another place: options twice, ends inside of values.
        buffer.copyWithin(at, prng.nextBelow(length), length);
        return length;
      default:
        // A field of the header that the code branches on.
        buffer[[Offset.op, Offset.htype, Offset.hlen, Offset.hops][prng.nextBelow(4)]] =
          prng.nextUInt32();
        return length;
    }
  }
}

/** Answers go to these addresses: whatever was made of them, they are of this machine. */
function keepOnThisMachine(datagram: Uint8Array): void {
  for (const offset of [Offset.ciaddr, Offset.giaddr]) {
    if (datagram.length < offset + 4 || readIpv4(datagram, offset) === 0) continue;
    datagram[offset] = 127;
    // Nor does the server answer itself.
    if (readIpv4(datagram, offset) === loopback) datagram[offset + 3] = 2;
  }
}
