import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, configOf } from "../config/grammar/config.testing.ts";
import type { LeaseHost } from "../lease/format/lease-host.ts";
import { RegisteredHosts, registerHosts } from "./registered-hosts.ts";

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
    const { hosts: all, problems } = registerHosts(config, [
      later("made", {
        ...{ hardware, clientId: bytesOf("id"), fixedAddresses: [7] },
        statements: ['supersede host-name = "a;{b";', "filename = null;"],
      }),
    ]);
    expect(problems).toEqual([]);
    expect(all.count).toBe(3);
    expect(all.byHardware(1, mac(1)).map(({ name }) => name)).toEqual(["first", "made"]);
    const [host] = all.byClientId(bytesOf("id"));
    expect(host).toMatchObject({ name: "made", fixedAddresses: [7] });
    expect(host!.scope.statements).toHaveLength(2);
    expect(host!.scope.parent).toBe(config.root);
  });

  test("take those of the configuration out that were deleted", () => {
    const gone = later("first", { isDynamic: false, isDeleted: true });
    const { hosts: all } = registerHosts(config, [gone, later("other")]);
    expect(all.byHardware(1, mac(1))).toEqual([]);
    expect(all.byName("first")).toBeUndefined();
    expect(all.count).toBe(2);
  });

  test("may have the name of one that was deleted, not that of one that was not", () => {
    const gone = later("first", { isDynamic: false, isDeleted: true });
    const { hosts: all, warnings } = registerHosts(config, [gone, later("second")]);
    expect(warnings).toEqual([
      "host second: already exists: that of the lease file is not served.",
    ]);
    expect(all.byName("second")?.hardware).toBeDefined();
    const again = registerHosts(config, [later("first", { isDynamic: false, isDeleted: true })]);
    expect(again.hosts.count).toBe(1);
  });

  test("are in the group that they name", () => {
    const { hosts: all } = registerHosts(config, [later("made", { groupName: "g1" })]);
    expect(all.byName("made")?.group).toBe(config.groups.get("g1"));
    expect(all.byName("made")?.scope.parent).toBe(config.groups.get("g1"));
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
    const { hosts: all, problems } = registerHosts(config, [later("made", more)]);
    expect(problems).toEqual([expect.stringContaining(message)]);
    expect(all.count).toBe(2);
  });
});

describe("hosts that come and go", () => {
  const step = fc.record({
    comes: fc.boolean(),
    // first and second stand in the configuration.
    name: fc.constantFrom(
      "first",
      "second",
      ...Array.from({ length: 12 }, (_, at) => `device-of-a-customer-${at}`),
    ),
    unit: fc.nat(5),
    clientId: fc.option(fc.nat(3), { nil: undefined }),
  });

  test("are found as long as they are there, in the order in which they came", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const hosts = new RegisteredHosts(config);
        const model = [
          { name: "first", unit: 1, clientId: undefined as number | undefined },
          { name: "second", unit: 2, clientId: undefined as number | undefined },
        ];
        for (const { comes, name, unit, clientId } of steps) {
          const at = model.findIndex((one) => one.name === name);
          if (comes) {
            const outcome = hosts.register(
              later(name, {
                hardware: { type: 1, address: mac(unit) },
                ...(clientId === undefined ? {} : { clientId: bytesOf(`id ${clientId}`) }),
              }),
            );
            expect(outcome.kind).toBe(at < 0 ? "served" : "exists");
            if (at < 0) model.push({ name, unit, clientId });
          } else {
            expect(hosts.remove(name)).toBe(at >= 0);
            if (at >= 0) model.splice(at, 1);
          }
        }
        expect(hosts.count).toBe(model.length);
        const named = (found: readonly { readonly name: string }[]) =>
          found.map(({ name }) => name);
        for (let unit = 0; unit <= 5; unit += 1) {
          const wanted = model.filter((one) => one.unit === unit);
          expect(named(hosts.byHardware(1, mac(unit)))).toEqual(named(wanted));
        }
        for (let clientId = 0; clientId <= 3; clientId += 1) {
          const wanted = model.filter((one) => one.clientId === clientId);
          expect(named(hosts.byClientId(bytesOf(`id ${clientId}`)))).toEqual(named(wanted));
        }
        expect(named(hosts.first(100)).toSorted()).toEqual(named(model).toSorted());
        for (const { name } of model) expect(hosts.byName(name)?.name).toBe(name);
      }),
      { numRuns: 200 },
    );
  });

  test("one that is refused leaves nothing behind", () => {
    const hosts = new RegisteredHosts(config);
    const broken = later("made", { hardware: { type: 1, address: mac(9) }, statements: ["no;"] });
    expect(hosts.register(broken).kind).toBe("refused");
    expect(hosts.byHardware(1, mac(9))).toEqual([]);
    expect(hosts.register(later("made")).kind).toBe("served");
  });
});
