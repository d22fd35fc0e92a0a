import { expect, test } from "vitest";
import { maskOf } from "../../../protocol/ipv4.ts";
import type { Subnet } from "./model.ts";
import { SubnetIndex } from "./subnet-index.ts";

const subnetOf = (network: number, prefixLength: number): Subnet =>
  ({ network, mask: maskOf(prefixLength) }) as Subnet;

test("the most specific subnet, whatever address was asked for before", () => {
  const outer = subnetOf(0xc000_0200, 24);
  const inner = subnetOf(0xc000_0240, 28);
  const innermost = subnetOf(0xc000_0244, 30);
  const apart = subnetOf(0x0a00_0000, 24);
  const index = new SubnetIndex([outer, subnetOf(0x0a00_0000, 24), inner, innermost, apart]);
  const known: readonly (readonly [number, Subnet | undefined])[] = [
    [0xc000_0201, outer],
    [0xc000_0241, inner],
    [0xc000_0245, innermost],
    [0xc000_0249, inner],
    [0xc000_0301, undefined],
    [0x0a00_0001, apart],
  ];
  for (const [before] of known) {
    for (const [address, subnet] of known) {
      index.of(before);
      expect(index.of(address), `${address} after ${before}`).toEqual(subnet);
    }
  }
});
