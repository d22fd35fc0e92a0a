import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type Logger, nullLogger } from "../../base/log.ts";
import { FloatingAddress } from "../../server/ha/edge/floating-address.ts";
import { describeWithPeers } from "./namespaces.testing.ts";
import { enterNewNamespace, ipCommand } from "./own-namespace.testing.ts";

const address = 0xc000_0263;

function recording() {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  return { lines, logger: { error: log, warn: log, info: log, debug: log } };
}

const pauseMsMax = 200;
const floatingOn = (device: string, logger: Logger): FloatingAddress =>
  new FloatingAddress({ address, prefixLength: 32, device }, pauseMsMax, logger);

function addressesOf(device: string): string {
  return execFileSync("ip", ["-4", "-o", "address", "show", "dev", device], { encoding: "utf8" });
}

describeWithPeers("HA-5: the floating address, in a namespace", [], () => {
  test("is put on, announced and taken off", async () => {
    onTestFinished(enterNewNamespace());
    ipCommand("link add one type veth peer name two");
    ipCommand("link set one up");
    ipCommand("link set two up");
    const { lines, logger } = recording();
    const floating = floatingOn("one", logger);
    floating.announce();
    await expect.poll(() => addressesOf("one")).toContain("192.0.2.99/32");
    floating.withdraw();
    await floating.settled();
    expect(addressesOf("one")).toBe("");
    expect(lines).toEqual([]);
  });

  test("what fails is told, and stops nothing", async () => {
    onTestFinished(enterNewNamespace());
    const { lines, logger } = recording();
    const floating = floatingOn("none", logger);
    floating.announce();
    floating.withdraw();
    await floating.settled();
    expect(lines[0]).toMatch(/^ip address replace 192.0.2.99\/32 dev none: .*none/);
    expect(lines.at(-1)).toMatch(/^ip address del /);
  });

  describe("is the new node's for a neighbour that knew another one", () => {
    const neighbour = `provlab-neighbour-${process.pid}`;
    const macs = { dead: "02:00:00:00:00:0a", serving: "02:00:00:00:00:0b" };
    let leave: () => void;
    let floating: FloatingAddress;

    /** Two nodes on one network with their neighbour, who has always heard from the dead one. */
    beforeEach(async () => {
      leave = enterNewNamespace();
      ipCommand(`netns add ${neighbour}`);
      ipCommand(`-n ${neighbour} link add hub type bridge`);
      for (const [device, mac] of Object.entries(macs)) {
        ipCommand(
          `link add ${device} address ${mac} type veth peer name ${device} netns ${neighbour}`,
        );
        ipCommand(`link set ${device} up`);
        ipCommand(`-n ${neighbour} link set ${device} master hub up`);
      }
      ipCommand(`-n ${neighbour} address add 192.0.2.1/24 dev hub`);
      ipCommand(`-n ${neighbour} link set hub up`);
      ipCommand("address add 192.0.2.99/32 dev dead");
      learn(macs.dead);
      floating = floatingOn("serving", nullLogger);
      floating.turn(0);
      floating.announce();
      await floating.settled();
    });
    afterEach(() => {
      ipCommand(`netns delete ${neighbour}`);
      leave();
    });

    function learn(mac: string): void {
      ipCommand(`-n ${neighbour} neigh replace 192.0.2.99 lladdr ${mac} dev hub nud reachable`);
    }

    function known(): string | undefined {
      const command = ["-n", neighbour, "neigh", "show", "192.0.2.99"];
      return /lladdr (\S+)/.exec(execFileSync("ip", command, { encoding: "utf8" }))?.[1];
    }

    test("the dead one still has the address on: a neighbour is told at once, and again", async () => {
      floating.turn(10);
      await expect.poll(known).toBe(macs.serving);
      learn(macs.dead);
      for (let nowMs = 20; nowMs < 2010; nowMs += 10) floating.turn(nowMs);
      expect(known()).toBe(macs.dead);
      floating.turn(2010);
      await expect.poll(known).toBe(macs.serving);
      learn(macs.dead);
      for (let nowMs = 2020; nowMs <= 12_010; nowMs += 10) floating.turn(nowMs);
      await expect.poll(known).toBe(macs.serving);
    });

    test("a node that stood still announces nothing before it had the time to hear that it was replaced", async () => {
      floating.turn(10 + pauseMsMax + 1);
      expect(known()).toBe(macs.dead);
      for (let nowMs = 220; nowMs < 2211; nowMs += 10) floating.turn(nowMs);
      expect(known()).toBe(macs.dead);
      floating.turn(2211);
      await expect.poll(known).toBe(macs.serving);
    });

    test("what was taken off is announced no more", async () => {
      floating.withdraw();
      floating.turn(10);
      await floating.settled();
      floating.turn(20);
      expect(known()).toBe(macs.dead);
      expect(addressesOf("serving")).toBe("");
    });
  });
});
