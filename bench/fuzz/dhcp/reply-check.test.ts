import { describe, expect, test } from "vitest";
import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { type DhcpPacket, decodePacket, messageType } from "../../../protocol/dhcp/packet.ts";
import { Population } from "../../../scenarios/population/population.ts";
import { buildCorpus } from "./corpus.ts";
import { checkReply, RecentXids } from "./reply-check.ts";

const population = new Population({
  cableModems: 4,
  mtas: 0,
  cpes: 0,
  smartMeters: 0,
  cmtsCount: 1,
});
const corpus = buildCorpus({
  population,
  devices: [0],
  server: { address: 0x7f00_0001, port: 67 },
});

function firstOf(type: number): Uint8Array {
  const found = corpus.find(({ bytes }) => messageType(decodePacket(bytes)) === type);
  return found!.bytes.slice();
}

function offsetOfOption(bytes: Uint8Array, code: number): number {
  let at = 240;
  while (bytes[at] !== code) at += 2 + bytes[at + 1];
  return at;
}

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  bytes[at] = value;
  return bytes;
}

const always = (): boolean => true;

function problemOf(bytes: Uint8Array, isKnownXid: (xid: number) => boolean = always): string {
  const reply = checkReply(bytes, isKnownXid, { decoded: 0, rejected: 0 });
  return reply.kind === "bad" ? reply.problem : "";
}

describe("the check of a reply", () => {
  test.each([
    ["an OFFER", MessageType.offer],
    ["an ACK", MessageType.ack],
  ])("takes %s of a sound server", (_, type) => {
    const reply = checkReply(firstOf(type), always, { decoded: 0, rejected: 0 });
    expect(reply.kind).toBe("good");
    const { packet } = reply as { readonly packet: DhcpPacket };
    expect(messageType(packet)).toBe(type);
  });

  test("refuses bytes that are no packet", () => {
    expect(problemOf(firstOf(MessageType.offer).subarray(0, 250))).toContain("does not decode");
    expect(problemOf(new Uint8Array(0))).toContain("does not decode");
  });

  test("refuses a request, and a message that servers do not send", () => {
    expect(problemOf(firstOf(MessageType.discover))).toContain("op is 1");
    const offer = firstOf(MessageType.offer);
    const at = offsetOfOption(offer, OptionCode.messageType) + 2;
    expect(problemOf(changed(offer, at, MessageType.request))).toContain("message type is 3");
  });

  test("refuses an answer to nobody", () => {
    expect(problemOf(firstOf(MessageType.ack), () => false)).toContain("never asked for");
  });

  test("refuses an OFFER of 0.0.0.0", () => {
    const offer = firstOf(MessageType.offer).fill(0, 16, 20);
    expect(problemOf(offer)).toContain("no address");
  });

  test("refuses an option whose value is not what its type says", () => {
    const offer = firstOf(MessageType.offer);
    // Three of the four bytes of an address: the fourth becomes an option of its own.
    const at = offsetOfOption(offer, OptionCode.routers);
    offer[at + 1] = 3;
    offer[at + 5] = 0;
    expect(problemOf(offer)).toMatch(/option 3|does not decode/);
  });

  test("takes whatever the relay sent as the echo that it is", () => {
    const offer = firstOf(MessageType.offer);
    const at = offsetOfOption(offer, OptionCode.relayAgentInformation);
    // The inner lengths do not add up any more.
    expect(problemOf(changed(offer, at + 3, 200))).toMatch(/^$|does not decode/);
  });
});

describe("the memory of transaction ids", () => {
  test("keeps as many as it may, the latest ones", () => {
    const recent = new RecentXids(3);
    for (const xid of [1, 2, 3, 4]) recent.add(xid);
    expect([1, 2, 3, 4].map((xid) => recent.has(xid))).toEqual([false, true, true, true]);
  });

  test("keeps one that was sent twice until both are old", () => {
    const recent = new RecentXids(3);
    for (const xid of [1, 2, 1, 3]) recent.add(xid);
    expect(recent.has(1)).toBe(true);
    recent.add(4);
    recent.add(5);
    expect(recent.has(1)).toBe(false);
  });
});
