import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { latin1Bytes } from "../../../protocol/latin1.ts";
import { hostText } from "./host-text.ts";
import { corpusDirectory } from "./lease-corpus.testing.ts";
import { hostsOf, type LeaseHost } from "./lease-host.ts";
import { parseLeaseFile } from "./parse-lease-file.testing.ts";

/** The hosts of a file, each with its own words. */
function hostsIn(path: string) {
  const { blocks } = parseLeaseFile(readFileSync(path));
  return blocks
    .filter(({ kind }) => kind === "host")
    .map((block) => [block.text, hostsOf([block]).hosts[0]] as const);
}

const written = readdirSync(corpusDirectory).flatMap((name) =>
  hostsIn(join(corpusDirectory, name)),
);

describe("OMAPI-1: a host is written as dhcpd writes it", () => {
  test("there are hosts that dhcpd has written", () => {
    expect(written.length).toBeGreaterThan(2);
  });

  test.each(written)("%s", (text, host) => {
    expect(hostText(host)).toBe(`${text}\n`);
  });
});

const box: LeaseHost = {
  ...{ name: "box", isDynamic: true, isDeleted: false },
  hardware: { type: 1, address: Uint8Array.of(2, 0, 0, 0, 0, 9) },
  ...{ fixedAddresses: [0x0a09_0033, 0x0a09_0034], statements: ['supersede host-name = "x";'] },
};

test.each<readonly [string, LeaseHost]>([
  ["addresses", box],
  ["a client identifier in letters", { ...box, clientId: latin1Bytes("modem-7") }],
  ["one that is binary", { ...box, clientId: Uint8Array.of(1, 2, 0, 0xff) }],
  ["one with a quote", { ...box, clientId: latin1Bytes('a"b') }],
  ["a group", { ...box, groupName: "residential" }],
])("with %s it is read as it was", (_, host) => {
  const { blocks } = parseLeaseFile(latin1Bytes(hostText(host)));
  expect(hostsOf(blocks).hosts).toEqual([host]);
});

test("OMAPI-6: a deletion has nothing but its name", () => {
  const deleted = { ...box, isDeleted: true };
  expect(hostText(deleted)).toBe("host box {\n  dynamic;\n  deleted;\n}\n");
  expect(hostText({ ...deleted, isDynamic: false })).toBe("host box {\n  deleted;\n}\n");
});
