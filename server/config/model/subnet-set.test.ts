import { expect, test } from "vitest";
import { maskOf } from "../../../protocol/ipv4.ts";
import { SubnetSet } from "./subnet-set.ts";

const subnet = (network: number, length: number) => ({ network, mask: maskOf(length) });

test("finds what is around, the same, and inside", () => {
  const set = new SubnetSet<ReturnType<typeof subnet>>();
  const declared = [subnet(0x0a000000, 16), subnet(0x0a020400, 24), subnet(0xc0a80000, 16)];
  for (const one of [...declared].reverse()) set.add(one);
  const cases: readonly (readonly [network: number, length: number, found: number | undefined])[] =
    [
      [0x0a000100, 24, 0],
      [0x0a000000, 16, 0],
      [0x0a020000, 16, 1],
      [0x0a020480, 25, 1],
      [0x0a020500, 24, undefined],
      [0xc0a8ffff, 32, 2],
      [0x80000000, 1, 2],
      [0xc0a90000, 16, undefined],
    ];
  for (const [network, length, found] of cases) {
    const expected = found === undefined ? undefined : declared[found];
    expect(set.overlapOf(network, maskOf(length)), network.toString(16)).toBe(expected);
  }
  expect(set.overlapOf(0, 0)).toBe(declared[2]);
});

test("a hundred thousand subnets in any order are no work", () => {
  const set = new SubnetSet<ReturnType<typeof subnet>>();
  for (let index = 0; index < 100_000; index += 1) {
    const network = ((Math.imul(index, 40_503) & 0xffff) * 2 ** 16 + (index >>> 16) * 256) >>> 0;
    expect(set.overlapOf(network, maskOf(24))).toBeUndefined();
    set.add(subnet(network, 24));
  }
  expect(set.overlapOf(0, maskOf(0))).toBeDefined();
});
