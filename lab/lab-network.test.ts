import { expect, test } from "vitest";
import { loopbackNetwork } from "./lab-network.ts";
import { labName, labOwner } from "./machine/leftovers.ts";

test("on loopback every address is another one, and nothing can be cut", async () => {
  const network = await loopbackNetwork();
  const { nodes, witnessStore } = network.addresses;
  const all = [...nodes.flatMap((node) => [node.access, ...node.links, node.store]), witnessStore];
  expect(new Set(all).size).toBe(all.length);
  expect(all.every((address) => address >>> 24 === 127)).toBe(true);
  expect(() => network.cut({ place: "node-a", device: "lo", address: 1 })).toThrow(/cannot|can be/);
});

test("what a lab made is known again by its name", () => {
  expect(labOwner(labName("node-a", 4711))).toBe(4711);
  expect(labOwner("provlab-bench-4711-server")).toBeUndefined();
});
