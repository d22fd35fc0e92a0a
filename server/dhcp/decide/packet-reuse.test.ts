import { expect, test } from "vitest";
import { type DhcpPacket, PacketDecoder } from "../../../protocol/dhcp/packet.ts";
import type { Outcome } from "../exchange/outcome.ts";
import { clientPacket, EngineBed, ip, randomMessages, serverInterface } from "./engine.testing.ts";

const seed = 20_261_126;
const batchMax = 5;
const config = `
  ping-check true; abandon-lease-time 5; default-lease-time 60; min-lease-time 30; dhcp-cache-threshold 0;
  class "by-relay" { match option agent.circuit-id; }
  subclass "by-relay" 1:07 { option domain-name "seven"; }
  subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.109; }
  subnet 10.8.0.0 netmask 255.255.255.0 { range 10.8.0.1 10.8.0.5; }`;

/** What left, as text: a reply's bytes, or what happened instead. */
function told(bed: EngineBed, outcome: Outcome): string {
  if (outcome.kind !== "reply") return outcome.kind;
  return `${JSON.stringify(outcome.destination)} ${bed.seenReply(outcome).packet.bytes}`;
}

/** Decides batches; replies are looked at when the batch is over, offers when their probe is. */
class Twin {
  readonly bed = new EngineBed(config);
  #tickets: number[] = [];

  decideBatch(packets: Iterable<DhcpPacket>): string[] {
    const { bed } = this;
    bed.nowSeconds += 2;
    const seen = this.#tickets.map((ticket) => bed.engine.pingTimedOut(ticket, bed.nowSeconds));
    this.#tickets = [];
    for (const packet of packets) {
      const sourceAddress = packet.giaddr;
      const arrival = { packet, sourceAddress, sourcePort: 67, destinationAddress: ip("10.9.0.1") };
      const { index } = serverInterface;
      const now = bed.nowSeconds;
      const outcome = bed.engine.respond({ ...arrival, interfaceIndex: index }, now, now * 1000);
      if (outcome.kind === "ping") this.#tickets.push(outcome.ticket);
      seen.push(outcome);
    }
    for (const outcome of seen) bed.commit(outcome);
    bed.expire();
    return seen.map((outcome) => told(bed, outcome));
  }
}

test(`packets that share a decoder and a buffer are answered as others (seed ${seed})`, () => {
  const buffer = new Uint8Array(batchMax * 1500);
  const decoder = new PacketDecoder();
  function* received(batch: readonly DhcpPacket[]): Generator<DhcpPacket> {
    buffer.fill(0xee);
    for (const [slot, { bytes }] of batch.entries()) {
      const start = slot * 1500;
      buffer.set(bytes!, start);
      yield decoder.decode(buffer.subarray(start, start + bytes!.length));
    }
  }
  const apart = new Twin();
  const shared = new Twin();
  const packets = Array.from(randomMessages(seed, 4000), clientPacket);
  const kinds = new Set<string>();
  for (let from = 0; from < packets.length; ) {
    const batch = packets.slice(from, from + 1 + (from % batchMax));
    from += batch.length;
    const expected = apart.decideBatch(batch);
    expect(shared.decideBatch(received(batch))).toEqual(expected);
    for (const line of expected) kinds.add(line.slice(0, 4));
  }
  expect(kinds.size).toBeGreaterThan(3);
  expect(shared.bed.records).toEqual(apart.bed.records);
  expect(shared.bed.records.length).toBeGreaterThan(100);
});
