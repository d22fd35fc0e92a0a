import { expect, test } from "vitest";
import { parseIpv4 } from "../../../protocol/ipv4.ts";
import type { LocalInterface } from "../exchange/outcome.ts";
import { interfaceChanges } from "./interface-changes.ts";

function at(index: number, name: string, ...addresses: readonly string[]): LocalInterface {
  return {
    ...{ index, name, hardwareAddress: Uint8Array.of(2, 0, 0, 0, 0, index) },
    addresses: addresses.map((text) => ({ address: parseIpv4(text)!, mask: 0xffff_ff00 })),
  };
}

const eth0 = at(2, "eth0", "10.0.0.1");
const eth1 = at(3, "eth1", "10.1.0.1");

test.each<readonly [string, readonly LocalInterface[], readonly string[], readonly string[]]>([
  ["nothing", [eth0, eth1], [], []],
  [
    "one is gone",
    [eth1],
    [],
    [
      "Interface eth0 is gone, down, or without an address of a declared subnet: nobody is served there until that changes.",
    ],
  ],
  [
    "one has come",
    [eth0, eth1, at(4, "eth2", "10.2.0.1")],
    ["eth2"],
    ["Interface eth2 is served (02:00:00:00:00:04 10.2.0.1)."],
  ],
  [
    "one was deleted and made anew between two looks",
    [at(7, "eth0", "10.0.0.1"), eth1],
    ["eth0"],
    [
      "Interface eth0 was made anew: 02:00:00:00:00:07 10.0.0.1, before 02:00:00:00:00:02 10.0.0.1.",
    ],
  ],
  [
    "an address has changed",
    [at(2, "eth0", "10.0.0.9", "10.0.0.1"), eth1],
    [],
    [
      "Interface eth0 has changed: 02:00:00:00:00:02 10.0.0.9 10.0.0.1, before 02:00:00:00:00:02 10.0.0.1.",
    ],
  ],
])("%s", (_, now, come, news) => {
  const changes = interfaceChanges([eth0, eth1], now);
  expect(changes.come.map(({ name }) => name)).toEqual(come);
  expect(changes.news).toEqual(news);
});
