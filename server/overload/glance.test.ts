import fc from "fast-check";
import { expect, test } from "vitest";
import { decodePacket, messageType } from "../../protocol/dhcp/packet.ts";
import { type Glance, glanceAt } from "./glance.ts";

function glanced(bytes: Uint8Array): Glance {
  const glance: Glance = { type: 0, isAddressed: false, hardwareType: 0, address: undefined };
  glanceAt(bytes, glance);
  return glance;
}

/** A packet of the simplest kind with these options. */
function packetOf(options: readonly number[], change?: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(240 + options.length);
  bytes.set([1, 1, 6]);
  bytes.set([2, 0, 0, 0, 0, 7], 28);
  bytes.set([0x63, 0x82, 0x53, 0x63], 236);
  bytes.set(options, 240);
  change?.(bytes);
  return bytes;
}

test.each<[string, readonly number[], number]>([
  ["first", [53, 1, 3, 255], 3],
  ["behind pads and other options", [0, 0, 61, 2, 9, 9, 12, 0, 53, 1, 1, 255], 1],
  ["behind the end", [255, 53, 1, 3], 0],
  ["nowhere", [61, 2, 9, 9, 255], 0],
  ["cut off", [53, 1], 0],
  ["behind an option that is longer than the packet", [61, 200, 9], 0],
  ["behind too many others", [...Array.from({ length: 8 }, () => [12, 0]).flat(), 53, 1, 3], 0],
])("the message type: %s", (_name, options, type) => {
  expect(glanced(packetOf(options)).type).toBe(type);
});

test("ciaddr and the hardware address", () => {
  const plain = glanced(packetOf([53, 1, 1, 255]));
  expect(plain).toMatchObject({ isAddressed: false, hardwareType: 1 });
  expect([...plain.address!]).toEqual([2, 0, 0, 0, 0, 7]);
  for (const at of [12, 13, 14, 15]) {
    expect(glanced(packetOf([255], (bytes) => bytes.fill(1, at, at + 1))).isAddressed).toBe(true);
  }
  for (const length of [0, 17, 255]) {
    expect(glanced(packetOf([255], (bytes) => bytes.fill(length, 2, 3))).address).toBeUndefined();
  }
});

test("nothing of one datagram is left in the next", () => {
  const glance: Glance = { type: 0, isAddressed: false, hardwareType: 0, address: undefined };
  glanceAt(
    packetOf([53, 1, 3, 255], (bytes) => bytes.fill(1, 12, 16)),
    glance,
  );
  glanceAt(new Uint8Array(10), glance);
  expect(glance).toMatchObject({ type: 0, isAddressed: false, address: undefined });
});

test("it throws for no bytes, and agrees with the decoder about every packet that it reads", () => {
  let compared = 0;
  const options = fc.array(
    fc.tuple(fc.constantFrom(12, 53, 55, 61, 60), fc.uint8Array({ minLength: 1, maxLength: 4 })),
    { maxLength: 7 },
  );
  fc.assert(
    fc.property(options, fc.uint8Array({ maxLength: 300 }), (list, noise) => {
      glanced(noise);
      const once = list.filter(
        ([code], index) => list.findIndex(([other]) => other === code) === index,
      );
      const bytes = packetOf([...once.flatMap(([code, v]) => [code, v.length, ...v]), 255]);
      const type = once.find(([code]) => code === 53)?.[1];
      if (type !== undefined && (type.length !== 1 || type[0] === 0)) return;
      const packet = decodePacket(bytes);
      expect(glanced(bytes).type).toBe(messageType(packet));
      compared += 1;
    }),
    { seed: 11, numRuns: 2000 },
  );
  expect(compared).toBeGreaterThan(1000);
});
