import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { loadScenario } from "../../cli/options/scenario-input.ts";
import { preparedForPair } from "../../cli/run/pair-lab.ts";
import type { RunOptions } from "../../cli/run/run-options.ts";
import { storeCuts } from "../../lab/cuts.ts";
import { type LabNetwork, namespaceNetwork } from "../../lab/lab-network.ts";
import { labName, removeLeftovers } from "../../lab/machine/leftovers.ts";
import { namespaceBlock } from "../../lab/machine/namespaces.ts";
import type { Place } from "../../lab/pair-set-up.ts";
import { formatIpv4, parseIpv4 } from "../../protocol/ipv4.ts";
import { connect, smallScenario } from "../small-scenario.testing.ts";
import { describeWithPeers } from "./namespaces.testing.ts";

describeWithPeers("the namespaces of a lab", ["ping"], () => {
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

describeWithPeers("devices of a pair in namespaces", [], () => {
  test("are in a block that is no loopback's, unless it is given", () => {
    const folder = mkdtempSync(join(tmpdir(), "provlab-pair-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "pair.yaml");
    const options = { target: [], report: [], set: [] } as unknown as RunOptions;
    const blockOf = (addressBlock: string): unknown => {
      writeFileSync(
        path,
        smallScenario("pair", {
          population: { cableModems: 10, cmtsCount: 1, addressBlock },
          pair: { kind: "kea" },
          phases: [connect(10)],
        }),
      );
      return preparedForPair(loadScenario(path, []), options).scenario.population.addressBlock;
    };
    expect(blockOf("127.64.0.0/10")).toEqual({ network: parseIpv4("10.64.0.0"), prefixLength: 10 });
    expect(blockOf("10.128.0.0/9")).toEqual({ network: parseIpv4("10.128.0.0"), prefixLength: 9 });
  });
});
