import { expect, test } from "vitest";
import type { TracedPacket } from "../trace/trace-format.ts";
import { FEW_A_MINUTE, Quarantine } from "./quarantine.ts";
import { REMEMBERED_MAX, REMEMBERED_MS } from "./undecided-packets.ts";

const bug = new TypeError("no such thing");

/** A DISCOVER's worth of bytes; `device` is in chaddr, `xid` where xid and secs are. */
function bytesOf(device: number, xid = 0): Uint8Array {
  const bytes = new Uint8Array(300).fill(7);
  bytes.fill(xid & 0xff, 4, 10);
  bytes[33] = device & 0xff;
  bytes[32] = device >>> 8;
  return bytes;
}

function setUp() {
  const lines: string[] = [];
  const kept: TracedPacket[] = [];
  const keeper = {
    path: "leases.quarantine",
    keep: (packet: TracedPacket) => void kept.push(packet),
  };
  const quarantine = new Quarantine(keeper, { error: (line) => void lines.push(line) });
  const take = (bytes: Uint8Array, nowMs: number): void => {
    const where = { sourceAddress: 1, sourcePort: 67, destinationAddress: 2, interfaceIndex: 3 };
    quarantine.take({ arrivedMs: nowMs, ...where, bytes }, bug, 1, nowMs);
  };
  return { quarantine, lines, kept, take };
}

test("a packet is known again by all that its client does not change", () => {
  const { quarantine, take } = setUp();
  const bytes = bytesOf(1);
  take(bytes, 0);
  bytes.fill(0xee);
  expect(quarantine.holds(bytesOf(1), 1)).toBe(true);
  expect(quarantine.holds(bytesOf(1, 99), 1)).toBe(true);
  expect(quarantine.holds(bytesOf(2), 1)).toBe(false);
  for (const at of [0, 3, 10, 28, 299]) {
    const other = bytesOf(1);
    other[at] = 8;
    expect(quarantine.holds(other, 1), `byte ${at}`).toBe(false);
  }
  expect(quarantine.holds(bytesOf(1).subarray(0, 299), 1)).toBe(false);
});

test.each([0, 1, 27, 28, 30])("so is one of %i bytes", (length) => {
  const { quarantine, take } = setUp();
  take(bytesOf(1).subarray(0, length), 0);
  expect(quarantine.holds(bytesOf(1).subarray(0, length), 1)).toBe(true);
});

test("after ten minutes it is decided again, and so are the oldest of too many", () => {
  const { quarantine, take } = setUp();
  take(bytesOf(0), 0);
  expect(quarantine.holds(bytesOf(0), REMEMBERED_MS - 1)).toBe(true);
  expect(quarantine.holds(bytesOf(0), REMEMBERED_MS)).toBe(false);
  for (let device = 0; device <= REMEMBERED_MAX; device += 1) take(bytesOf(device), REMEMBERED_MS);
  expect(quarantine.holds(bytesOf(0), REMEMBERED_MS)).toBe(false);
  expect(quarantine.holds(bytesOf(REMEMBERED_MAX), REMEMBERED_MS)).toBe(true);
});

test("more than a few different packets in a minute are many, until the minute is over", () => {
  const { quarantine, take, lines } = setUp();
  for (let device = 0; device < FEW_A_MINUTE; device += 1) take(bytesOf(device), device * 100);
  expect(quarantine.areMany(1000)).toBe(false);
  take(bytesOf(FEW_A_MINUTE), 1000);
  expect(quarantine.areMany(1000)).toBe(true);
  expect(quarantine.areMany(60_000)).toBe(false);
  expect(lines).toContain("More than 5 packets in a minute could not be decided.");
  for (let device = 10; device < 40; device += 1) take(bytesOf(device), device * 13_000);
  expect(quarantine.areMany(40 * 13_000)).toBe(false);
});

test("the first is told at once, with its reason and file; later ones at most every ten seconds", () => {
  const { quarantine, take, lines, kept } = setUp();
  take(bytesOf(1), 0);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    /^1 packet was dropped that cannot be decided, which is a bug: TypeError: no such thing, at .*quarantine\.test\.ts:\d+:\d+\. Kept in leases\.quarantine\. Service goes on\.$/,
  );
  take(bytesOf(2), 10);
  take(bytesOf(3), 20);
  for (let repeats = 0; repeats < 999; repeats += 1) quarantine.holds(bytesOf(1, repeats), 30);
  quarantine.tell(9999);
  expect(lines).toHaveLength(1);
  quarantine.tell(10_000);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(
    /^2 packets were dropped that cannot .* 999 packets were dropped undecided, like those in quarantine\. Service goes on\.$/,
  );
  quarantine.holds(bytesOf(1), 10_001);
  quarantine.tell(20_000);
  quarantine.tell(30_000);
  expect(lines.slice(2)).toEqual(["1 packet was dropped undecided, like those in quarantine."]);
  expect(kept.map(({ bytes }) => bytes[33])).toEqual([1, 2, 3]);
});
