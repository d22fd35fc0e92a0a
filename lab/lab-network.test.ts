import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatIpv4 } from "../protocol/ipv4.ts";
import { storeCuts } from "./cuts.ts";
import {
  type LabNetwork,
  loopbackNetwork,
  namespaceBlock,
  namespaceNetwork,
} from "./lab-network.ts";
import { namespacesMissing } from "./machine/ip-command.ts";
import { labName, labOwner, removeLeftovers } from "./machine/leftovers.ts";
import type { Place } from "./pair-set-up.ts";

const missing = namespacesMissing();

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

describe.skipIf(missing !== undefined)(`namespaces (${missing ?? "are here"})`, () => {
  let network: LabNetwork;
  beforeAll(() => {
    network = namespaceNetwork(namespaceBlock);
  });
  afterAll(() => network.close());

  /** Whether a ping from a place comes back. */
  function reaches(place: Place, address: number): boolean {
    const ping = ["ping", "-c", "1", "-W", "0.3", formatIpv4(address)];
    const [program, ...args] = network.inPlace(place, ping);
    return spawnSync(program!, args, { stdio: "ignore" }).status === 0;
  }

  test("nodes, witness, gateway and devices are where they should be", () => {
    const [a, b] = network.addresses.nodes;
    expect(reaches("node-a", b.links[0])).toBe(true);
    expect(reaches("node-a", b.links[1])).toBe(true);
    expect(reaches("node-b", network.addresses.witnessStore)).toBe(true);
    expect(reaches("witness", a.store)).toBe(true);
    expect(reaches("node-b", network.addresses.gateway!)).toBe(true);
    // Any device: the whole block is the plant's.
    expect(reaches("node-a", namespaceBlock.network + 0x1234)).toBe(true);
  });

  test("a cut stops one direction, and lasts until it is healed as often as it was made", () => {
    const [a, b] = network.addresses.nodes;
    const [toB, toWitness] = storeCuts({ direction: "to-store" }, "a", network.addresses);
    const counted = (place: Place): number => {
      const [program, ...args] = network.inPlace(place, [
        "cat",
        "/sys/class/net/store/statistics/rx_packets",
      ]);
      return Number(execFileSync(program!, args, { encoding: "utf8" }));
    };
    network.cut(toB!);
    network.cut(toB!);
    expect(reaches("node-a", b.store)).toBe(false);
    expect(reaches("node-a", network.addresses.witnessStore)).toBe(true);
    // B's question arrives at A, whose answer is lost.
    const before = counted("node-a");
    expect(reaches("node-b", a.store)).toBe(false);
    expect(counted("node-a")).toBeGreaterThan(before);
    network.heal(toB!);
    expect(reaches("node-a", b.store)).toBe(false);
    network.heal(toB!);
    expect(reaches("node-a", b.store)).toBe(true);
    expect(() => network.heal(toWitness!)).not.toThrow();
  });

  test("leftovers of a dead process are removed, those of the living stay", () => {
    // Higher than any process has.
    const dead = 2 ** 22 + process.pid;
    execFileSync("ip", ["netns", "add", labName("node-a", dead)]);
    removeLeftovers();
    const left = readdirSync("/run/netns");
    expect(left).not.toContain(labName("node-a", dead));
    expect(left).toContain(labName("node-a"));
  });
});
