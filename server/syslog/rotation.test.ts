import { expect, test } from "vitest";
import { dayOf, outdatedFiles, removalOrder, rotatedName } from "./rotation.ts";

const day = dayOf(Date.parse("2026-11-24T00:00:00Z"));

test("LOG-4: a day begins at midnight UTC", () => {
  expect(dayOf(Date.parse("2026-11-23T23:59:59.999Z"))).toBe(day - 1);
  expect(dayOf(Date.parse("2026-11-24T23:59:59.999Z"))).toBe(day);
});

test.each([
  [0, "/var/log/dhcp.log-20261124"],
  [1, "/var/log/dhcp.log-20261124.1"],
  [99, "/var/log/dhcp.log-20261124.99"],
])("the name of copy %i", (copy, name) => {
  expect(rotatedName("/var/log/dhcp.log", day, copy)).toBe(name);
});

test("PERF-2: 90 days stay, the 91st goes, with every copy of it", () => {
  const names = Array.from({ length: 91 }, (_, ago) => rotatedName("dhcp.log", day - ago, 0));
  const oldest = names[90];
  expect(outdatedFiles(names.slice(0, 90), "dhcp.log", 90)).toEqual([]);
  expect(outdatedFiles([`${oldest}.1`, ...names, `${names[5]}.1`], "dhcp.log", 90)).toEqual([
    `${oldest}.1`,
    oldest,
  ]);
});

test("years without a message do not make the last days outdated", () => {
  expect(outdatedFiles(["m-20010101", "m-20100101", "m-20261124"], "m", 2)).toEqual(["m-20010101"]);
});

test("only rotated files of this very file are looked at", () => {
  const others = [
    "dhcp.log",
    "dhcp.log-2026112",
    "dhcp.log-202611240",
    "dhcp.log-20261124.gz",
    "dhcp.log-20261124.0",
    "dhcp.log-20261124.100",
    "dhcp.log-20261124.1.1",
    "v4cpe_dhcp.log-20261124",
    "dhcp.log.1",
    "dhcpxlog-20261124",
  ];
  expect(outdatedFiles([...others, "dhcp.log-20261124"], "dhcp.log", 0)).toEqual([
    "dhcp.log-20261124",
  ]);
});

test("room is made first by days beyond their limit, then from the oldest on, by their longest file", () => {
  const file = (path: string, date: string, bytes: number) => ({ path, date, bytes });
  const files = [
    file("a", "20261124", 5),
    file("b", "20251231", 1),
    file("c", "20261123", 1),
    file("d", "20261123", 9),
  ];
  const order = (dayBytesMax: number) => removalOrder(files, dayBytesMax).map(({ path }) => path);
  expect(order(10)).toEqual(["b", "d", "c", "a"]);
  expect(order(9)).toEqual(["d", "c", "b", "a"]);
  expect(order(4)).toEqual(["d", "c", "a", "b"]);
});
