import { describe, expect, test } from "vitest";
import { defaultEncodeLimits } from "../../../protocol/dhcp/packet.ts";
import type { Reply } from "./outcome.ts";
import { detached, PENDING_OFFERS_MAX, PendingOffers } from "./pending-offers.ts";

function offer(bytes: Uint8Array): Reply {
  return {
    kind: "reply",
    reply: {
      ...{ op: 2, htype: 1, hops: 0, xid: 1, secs: 0, flags: 0, ciaddr: 0, yiaddr: 1 },
      ...{ siaddr: 0, giaddr: 0, chaddr: bytes.subarray(0, 6), sname: bytes.subarray(0, 0) },
      file: bytes.subarray(0, 0),
      options: [{ code: 82, value: bytes.subarray(6, 10) }],
    },
    limits: defaultEncodeLimits,
    destination: {
      ...{ kind: "link", interfaceIndex: 1, address: 1, port: 68 },
      hardware: bytes.subarray(0, 6),
    },
    ...{ changes: [], durable: false, leaseIndex: -1, log: undefined },
  };
}

const someOffer = offer(new Uint8Array(10));

function pending(index: number, dueAtMs = 1000) {
  return { index, abandonSeconds: 60, dueAtMs, offer: someOffer };
}

describe("offers that wait for a probe", () => {
  test("a ticket is taken once", () => {
    const offers = new PendingOffers();
    const ticket = offers.add(pending(7));
    expect(offers.isPending(7, 0)).toBe(true);
    expect(offers.take(ticket)?.index).toBe(7);
    expect(offers.take(ticket)).toBeUndefined();
    expect(offers.isPending(7, 0)).toBe(false);
  });

  test("a cancelled lease's ticket is worth nothing", () => {
    const offers = new PendingOffers();
    const ticket = offers.add(pending(7));
    offers.cancel(7);
    offers.cancel(8);
    expect(offers.take(ticket)).toBeUndefined();
    expect(offers.size).toBe(0);
  });

  test("a ticket that nobody settles does not block its lease for ever", () => {
    const offers = new PendingOffers();
    offers.add(pending(7, 1000));
    expect(offers.isPending(7, 10_999)).toBe(true);
    expect(offers.isPending(7, 11_000)).toBe(false);
    expect(offers.size).toBe(0);
  });

  test("there is a limit, and lost tickets make room", () => {
    const offers = new PendingOffers();
    for (let index = 0; index < PENDING_OFFERS_MAX; index += 1) {
      offers.add(pending(index, index < 10 ? 1000 : 50_000));
    }
    expect(offers.isFull(10_000)).toBe(true);
    expect(offers.isFull(11_000)).toBe(false);
    expect(offers.size).toBe(PENDING_OFFERS_MAX - 10);
  });

  test("a detached offer survives the receive buffer", () => {
    const bytes = Uint8Array.from({ length: 10 }, (_, at) => at);
    const kept = detached(offer(bytes));
    bytes.fill(0xee);
    expect([...kept.reply.chaddr]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...(kept.reply.options[0]?.value ?? [])]).toEqual([6, 7, 8, 9]);
    expect(kept.destination).toMatchObject({ hardware: Uint8Array.of(0, 1, 2, 3, 4, 5) });
  });
});
