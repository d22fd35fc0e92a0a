import { expect, test } from "vitest";
import { parseIpv4 } from "../../../../protocol/ipv4.ts";
import {
  chooseInterfaces,
  ignoredInterfaceNotice,
  interfaceWith,
  parseInterfaceIndexes,
  type SystemInterface,
  systemInterfaces,
} from "./interfaces.ts";

const address = (text: string): number => parseIpv4(text)!;

function present(name: string, index: number, ...addresses: string[]): SystemInterface {
  return {
    name,
    index,
    addresses: addresses.map((text) => ({
      address: address(text),
      mask: address("255.255.255.0"),
    })),
    hardwareAddress: new Uint8Array(6),
    loopback: name === "lo",
  };
}

const loopback: SystemInterface = {
  ...present("lo", 1),
  addresses: [{ address: address("127.0.0.1"), mask: address("255.0.0.0") }],
};
const all = [
  loopback,
  present("eth0", 2, "10.1.0.1"),
  present("eth1", 3),
  present("eth2", 4, "10.2.0.1"),
];
const isDeclared = (one: number): boolean => one >>> 16 === 0x0a01 || one >>> 24 === 127;

test("interface indexes come from the kernel's table of multicast memberships", () => {
  const table = [
    "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter",
    "1\tlo        :     1      V3",
    "\t\t\t\t010000E0     1 0:00000000\t\t0",
    "17\tveth1.100@if3:     1      V3",
    "nonsense",
  ].join("\n");
  expect([...parseInterfaceIndexes(table)]).toEqual([
    ["lo", 1],
    ["veth1.100@if3", 17],
  ]);
  expect(parseInterfaceIndexes("").size).toBe(0);
});

test("DHCP-10: without names all interfaces with a declared subnet are served, but not the loopback", () => {
  const { served, ignored } = chooseInterfaces(all, [], isDeclared);
  expect(served.map(({ name }) => name)).toEqual(["eth0"]);
  expect(ignored).toEqual([{ name: "eth1" }, { name: "eth2", address: address("10.2.0.1") }]);
});

test("DHCP-10, ENV-7: names limit the service, in their order, and may name the loopback", () => {
  const { served, ignored } = chooseInterfaces(all, ["lo", "nosuch", "eth0"], isDeclared);
  expect(served.map(({ name }) => name)).toEqual(["lo", "eth0"]);
  expect(ignored).toEqual([{ name: "nosuch" }]);
  expect(ignoredInterfaceNotice(ignored[0])).toContain(
    "No subnet declaration for nosuch (no IPv4 addresses).",
  );
});

test("local-address: its interface has it first; all of 127/8 is the loopback's", () => {
  const two = present("eth0", 2, "10.1.0.1", "10.1.0.2");
  const owner = interfaceWith([loopback, two], address("10.1.0.2"));
  expect(owner?.index).toBe(2);
  expect(owner?.addresses.map((one) => one.address)).toEqual([
    address("10.1.0.2"),
    address("10.1.0.1"),
  ]);
  const far = interfaceWith([loopback, two], address("127.77.0.1"));
  expect(far?.name).toBe("lo");
  expect(far?.addresses[0]?.address).toBe(address("127.77.0.1"));
  expect(interfaceWith([loopback, two], address("10.1.0.3"))).toBeUndefined();
});

test("this machine has a loopback at 127.0.0.1", () => {
  const own = systemInterfaces().find((one) => one.loopback);
  expect(own?.addresses[0]?.address).toBe(address("127.0.0.1"));
});
