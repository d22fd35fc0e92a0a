import { describe, expect, test } from "vitest";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { deviceMac, EngineBed, ip } from "./engine.testing.ts";

const config = `
  authoritative; ping-check off;
  host named { hardware ethernet ${deviceMac(1)}; fixed-address box.example; option host-name "named"; }
  host both { hardware ethernet ${deviceMac(2)}; fixed-address 10.8.0.5, two.example; }
  host remote { host-identifier option agent.remote-id 1:2:3; fixed-address 10.9.0.60; }
  host circuit { host-identifier option agent.circuit-id "c"; option host-name "circuit"; }
  host card { hardware ethernet ${deviceMac(3)}; option host-name "card"; }
  subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.109; }
`;
const relayed = { giaddr: "10.9.0.2" } as const;

function nameIn(bed: EngineBed, message: Parameters<EngineBed["reply"]>[0]): string {
  const reply = bed.reply({ ...relayed, list: [OptionCode.hostName], ...message });
  return Buffer.from(reply.option(OptionCode.hostName) ?? []).toString();
}

describe("host names in fixed-address", () => {
  const mac = deviceMac(1);

  test("the resolver is told which", () => {
    expect([...new EngineBed(config).config.hostNames]).toEqual(["box.example", "two.example"]);
  });

  test("the addresses that a name has when a packet comes", () => {
    const bed = new EngineBed(config);
    bed.hostNames.set("box.example", [ip("10.77.0.1"), ip("10.9.0.50")]);
    expect(bed.verdict({ ...relayed, mac })).toBe("offer 10.9.0.50");
    bed.hostNames.set("box.example", [ip("10.9.0.51")]);
    expect(bed.verdict({ ...relayed, mac })).toBe("offer 10.9.0.51");
    const refused = { ...relayed, mac, type: "request", requested: "10.9.0.50" } as const;
    expect(bed.verdict(refused)).toBe("nak");
  });

  test("beside addresses", () => {
    const bed = new EngineBed(config);
    bed.hostNames.set("two.example", [ip("10.9.0.52")]);
    expect(bed.verdict({ ...relayed, mac: deviceMac(2) })).toBe("offer 10.9.0.52");
  });

  test("without an answer the client is like any other, and its host has no say", () => {
    const bed = new EngineBed(config);
    expect(bed.verdict({ ...relayed, mac })).toBe("offer 10.9.0.100");
    expect(nameIn(bed, { mac })).toBe("");
  });
});

describe("host-identifier", () => {
  const remote = { mac: deviceMac(9), relayAgent: [2, 3, 1, 2, 3] };

  test("a fixed address", () => {
    const bed = new EngineBed(config);
    expect(bed.verdict({ ...relayed, ...remote })).toBe("offer 10.9.0.60");
    expect(bed.verdict({ ...relayed, ...remote, relayAgent: [2, 3, 1, 2, 4] })).toBe(
      "offer 10.9.0.100",
    );
  });

  test("settings of a dynamic client, behind those of its card", () => {
    const relayAgent = [1, 1, 99];
    expect(nameIn(new EngineBed(config), { mac: deviceMac(9), relayAgent })).toBe("circuit");
    expect(nameIn(new EngineBed(config), { mac: deviceMac(3), relayAgent })).toBe("card");
  });

  test("makes a known client", () => {
    const bed = new EngineBed(`deny unknown-clients; ${config}`);
    expect(bed.verdict({ ...relayed, ...remote })).toBe("offer 10.9.0.60");
    expect(bed.verdict({ ...relayed, mac: deviceMac(9) })).toBe("drop unknown-client");
  });
});

describe("get-lease-hostnames", () => {
  const named = (more: string) =>
    new EngineBed(`get-lease-hostnames on; ${more} ${config}`, [], {
      nameOf: (address) => (address === ip("10.9.0.100") ? "dyn-100.example" : undefined),
    });

  test("the name of the address, unless there is another", () => {
    expect(nameIn(named(""), { mac: deviceMac(9) })).toBe("dyn-100.example");
    expect(nameIn(named('option host-name "set";'), { mac: deviceMac(9) })).toBe("set");
    expect(nameIn(named("use-host-decl-names on;"), { mac: deviceMac(3) })).toBe("card");
    expect(nameIn(named("get-lease-hostnames off;"), { mac: deviceMac(9) })).toBe("");
  });

  test("none for an address without a name", () => {
    const bed = named("");
    expect(nameIn(bed, { mac: deviceMac(9), requested: "10.9.0.101" })).toBe("");
  });
});
