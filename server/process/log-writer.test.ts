import { expect, test } from "vitest";
import { printable } from "./log-writer.ts";

test.each([
  ["DHCPDISCOVER from 02:00:00:00:00:01 via eth0", "DHCPDISCOVER from 02:00:00:00:00:01 via eth0"],
  ["(evil\x1b[2Jname)", "(evil\\033[2Jname)"],
  ["a\rb\x00c\x7fd\x9be", "a\\015b\\000c\\177d\\233e"],
  ["tab\tstays", "tab\tstays"],
])("a name from the network cannot steer the terminal: %j", (line, shown) => {
  expect(printable(line)).toBe(shown);
});
