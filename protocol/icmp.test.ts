import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildEchoRequest, parseEchoReply, parseEchoReplyPacket } from "./icmp.ts";

const payload = Uint8Array.of(1, 2, 3);

/** What the host at the other end makes of an echo request (RFC 792). */
function replyTo(request: Uint8Array): Uint8Array {
  const reply = request.slice();
  reply[0] = 0;
  const sum = ((request[2] << 8) | request[3]) + 0x0800;
  const folded = (sum & 0xffff) + (sum >>> 16);
  reply[2] = folded >>> 8;
  reply[3] = folded;
  return reply;
}

function inPacket(message: Uint8Array, options = 0): Uint8Array {
  const headerBytes = 20 + 4 * options;
  const bytes = new Uint8Array(headerBytes + message.length);
  bytes.set([0x40 | (headerBytes / 4), 0, bytes.length >>> 8, bytes.length], 0);
  bytes[9] = 1;
  bytes.set([192, 0, 2, 100], 12);
  bytes.set(message, headerBytes);
  return bytes;
}

test("an echo request has the layout of RFC 792", () => {
  expect([...buildEchoRequest(0x1234, 1, payload)]).toEqual([
    8, 0, 0xe1, 0xc8, 0x12, 0x34, 0, 1, 1, 2, 3,
  ]);
});

describe("parseEchoReply", () => {
  test("reads id and sequence of any reply", () => {
    const word = fc.integer({ min: 0, max: 0xffff });
    fc.assert(
      fc.property(word, word, fc.uint8Array({ maxLength: 64 }), (id, sequence, data) => {
        const reply = replyTo(buildEchoRequest(id, sequence, data));
        expect(parseEchoReply(reply)).toEqual({ id, sequence });
      }),
      { seed: 792 },
    );
  });

  const reply = replyTo(buildEchoRequest(7, 9, payload));

  test("refuses a request, a truncation and a flipped bit", () => {
    expect(parseEchoReply(buildEchoRequest(7, 9, payload))).toBeUndefined();
    for (let end = 0; end < 8; end += 1) {
      expect(parseEchoReply(reply.subarray(0, end))).toBeUndefined();
    }
    for (let bit = 0; bit < reply.length * 8; bit += 1) {
      const copy = reply.slice();
      copy[bit >>> 3] ^= 1 << (bit & 7);
      expect(parseEchoReply(copy)).toBeUndefined();
    }
  });

  test.each([0, 1, 10])("reads an IPv4 packet with %i words of options", (options) => {
    expect(parseEchoReplyPacket(inPacket(reply, options))).toEqual({
      id: 7,
      sequence: 9,
      source: 0xc000_0264,
    });
  });

  test.each([
    ["nothing", new Uint8Array(0)],
    ["half a header", inPacket(reply).subarray(0, 19)],
    ["half a message", inPacket(reply).subarray(0, 25)],
    ["IPv6", Uint8Array.of(0x65, ...inPacket(reply).subarray(1))],
    ["a header of 16 bytes", Uint8Array.of(0x44, ...inPacket(reply).subarray(1))],
    ["UDP", inPacket(reply).fill(17, 9, 10)],
    ["a total length of 0", inPacket(reply).fill(0, 2, 4)],
  ])("refuses %s", (_name, bytes) => {
    expect(parseEchoReplyPacket(bytes)).toBeUndefined();
  });
});
