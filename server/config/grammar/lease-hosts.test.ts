import { describe, expect, test } from "vitest";
import type { LeaseHost } from "../../lease/format/lease-host.ts";
import { bytesOf, configOf } from "./config.testing.ts";
import { withLaterHosts } from "./lease-hosts.ts";

const mac = (unit: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 0, unit);
const config = configOf(`
group "g1" { option domain-name "group"; }
host first { hardware ethernet 02:00:00:00:00:01; fixed-address 10.0.0.1; }
host second { hardware ethernet 02:00:00:00:00:02; }
`);

const later = (name: string, more: Partial<LeaseHost> = {}): LeaseHost => ({
  ...{ name, isDynamic: true, isDeleted: false, fixedAddresses: [], statements: [] },
  ...more,
});

describe("hosts of the lease file", () => {
  test("come after those of the configuration (OMAPI-7)", () => {
    const hardware = { type: 1, address: mac(1) };
    const { config: all, problems } = withLaterHosts(config, [
      later("made", {
        ...{ hardware, clientId: bytesOf("id"), fixedAddresses: [7] },
        statements: ['supersede host-name = "a;{b";', "filename = null;"],
      }),
    ]);
    expect(problems).toEqual([]);
    expect(all.hosts.count).toBe(3);
    expect(all.hosts.byHardware(1, mac(1)).map(({ name }) => name)).toEqual(["first", "made"]);
    const [host] = all.hosts.byClientId(bytesOf("id"));
    expect(host).toMatchObject({ name: "made", fixedAddresses: [7] });
    expect(host!.scope.statements).toHaveLength(2);
    expect(host!.scope.parent).toBe(config.root);
  });

  test("take those of the configuration out that were deleted", () => {
    const gone = later("first", { isDynamic: false, isDeleted: true });
    const { config: all } = withLaterHosts(config, [gone, later("other")]);
    expect(all.hosts.byHardware(1, mac(1))).toEqual([]);
    expect(all.hosts.byName("first")).toBeUndefined();
    expect(all.hosts.count).toBe(2);
  });

  test("may have the name of one that was deleted, not that of one that was not", () => {
    const gone = later("first", { isDynamic: false, isDeleted: true });
    const { config: all, warnings } = withLaterHosts(config, [gone, later("second")]);
    expect(warnings).toEqual([
      "host second: already exists: that of the lease file is not served.",
    ]);
    expect(all.hosts.byName("second")?.hardware).toBeDefined();
    const again = withLaterHosts(config, [later("first", { isDynamic: false, isDeleted: true })]);
    expect(again.config.hosts.count).toBe(1);
  });

  test("are in the group that they name", () => {
    const { config: all } = withLaterHosts(config, [later("made", { groupName: "g1" })]);
    expect(all.hosts.byName("made")?.group).toBe(config.groups.get("g1"));
    expect(all.hosts.byName("made")?.scope.parent).toBe(config.groups.get("g1"));
  });

  test.each([
    ["a group that is not there", { groupName: "g2" }, "unknown group g2"],
    ["nonsense", { statements: ["what is this;"] }, "expecting a parameter or declaration"],
    ["a block that is not closed", { statements: ["if known {"] }, "unexpected end of file"],
    [
      "a block that is closed twice",
      { statements: ["} host x {"] },
      "unexpected text after the end",
    ],
  ])("%s: cannot be served", (_name, more, message) => {
    const { config: all, problems } = withLaterHosts(config, [later("made", more)]);
    expect(problems).toEqual([expect.stringContaining(message)]);
    expect(all).toBe(config);
  });
});
