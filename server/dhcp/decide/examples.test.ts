import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { type ClientMessage, EngineBed, ip, type SeenReply } from "./engine.testing.ts";

const read = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url)), "utf8");

const text = (value: readonly number[] | Uint8Array | undefined): string | undefined =>
  value && String.fromCharCode(...value);

const addressesOf = (value: readonly number[] | undefined): string[] =>
  Array.from({ length: (value?.length ?? 0) / 4 }, (_, at) =>
    (value ?? []).slice(at * 4, at * 4 + 4).join("."),
  );

const remoteId = (mac: string): number[] => [
  ...[2, 6],
  ...mac.split(":").map((byte) => Number.parseInt(byte, 16)),
];

describe("examples/docsis.conf", () => {
  const config = read("docsis.conf");
  const giaddr = "10.32.0.1";
  const modem = "02:10:00:00:00:01";
  const asModem = (mac: string): ClientMessage => ({
    ...{ giaddr, mac, vendorClass: "docsis3.0:0524", relayAgent: remoteId(mac) },
    list: [2, 3, 4, 6, 7, 12, 66, 67, 150],
  });

  function bed(): EngineBed {
    const made = new EngineBed(config);
    made.hostNames.set("ns2.cable.example", [ip("10.20.0.54")]);
    return made;
  }

  test("a registered modem: its group's file, its pool, the resolved name server (PRE-7, SYS-1, SYS-4)", () => {
    const offer = bed().reply(asModem(modem));
    expect(offer.address).toBe("10.32.8.1");
    expect(offer.leaseSeconds).toBe(21_600);
    expect(text(offer.packet.file)).toBe("residential-d30.cfg");
    expect(text(offer.option(67))).toBe("residential-d30.cfg");
    expect(formatIpv4(offer.packet.siaddr)).toBe("10.20.0.11");
    expect(addressesOf(offer.option(150))).toEqual(["10.20.0.11", "10.20.0.12"]);
    expect(addressesOf(offer.option(6))).toEqual(["10.20.0.53", "10.20.0.54"]);
    expect(addressesOf(offer.option(3))).toEqual(["10.32.0.1"]);
    expect(offer.option(2)).toEqual([0, 0, 14, 16]);
    expect(offer.option(1)).toEqual([255, 255, 0, 0]);
  });

  test("an unregistered modem is not answered (PRE-2, PRE-4)", () => {
    expect(bed().verdict(asModem("02:10:00:00:00:77"))).toBe("drop not-permitted");
  });

  test("an MTA: its host name and option 122, unasked for by nobody else (CLASS-3, CONF-11)", () => {
    const mac = "02:20:00:00:00:01";
    const offer = bed().reply({
      ...{ giaddr, mac, vendorClass: "pktc1.0:0524", relayAgent: remoteId(modem) },
      list: [12, 122],
    });
    expect(offer.address).toBe("10.32.16.1");
    expect(text(offer.option(12))).toBe("mta-022000000001");
    const domain = [
      4, 112, 114, 111, 118, 5, 99, 97, 98, 108, 101, 7, 101, 120, 97, 109, 112, 108, 101, 0,
    ];
    const realm = [5, 66, 65, 83, 73, 67, 1, 49, 0];
    expect(offer.option(122)).toEqual([3, 21, 0, ...domain, 6, 9, ...realm, 8, 1, 10]);
    expect(text(offer.packet.file)).toBe("telephony-basic.bin");
  });

  test("CPE behind a registered modem: another subnet, and a limit of addresses (CLASS-8, CLASS-12)", () => {
    const server = bed();
    const behind = (unit: number): ClientMessage => ({
      ...{ giaddr, mac: `02:30:00:00:00:0${unit}`, relayAgent: remoteId(modem) },
      list: [3, 15, 252],
    });
    const replies: SeenReply[] = [1, 2, 3, 4].map((unit) => {
      server.bind(behind(unit));
      return server.reply(behind(unit));
    });
    expect(replies.map(({ address }) => address)).toEqual(
      [1, 2, 3, 4].map((unit) => `10.33.8.${unit}`),
    );
    expect(addressesOf(replies[0]?.option(3))).toEqual(["10.33.0.1"]);
    expect(text(replies[0]?.option(15))).toBe("cable.example");
    expect(text(replies[0]?.option(252))).toBe("http://wpad.cable.example/wpad.dat");
    expect(replies[0]?.leaseSeconds).toBe(3600);
    expect(server.verdict(behind(5))).toBe("drop no-available-billing");
    const business = { ...behind(6), relayAgent: remoteId("02:10:00:00:00:02") };
    expect(text(server.reply(business).option(15))).toBe("business.cable.example");
    const stranger = { ...behind(7), relayAgent: remoteId("02:10:00:00:00:77") };
    expect(server.verdict(stranger)).toBe("drop not-permitted");
  });

  test("a fixed address with settings of its own (PRE-6)", () => {
    const offer = bed().reply(asModem("02:10:00:00:00:09"));
    expect(offer.address).toBe("10.32.2.9");
    expect(text(offer.option(12))).toBe("noc-modem");
    expect(text(offer.packet.file)).toBe("business-d31.cfg");
  });
});

describe("examples/smart-meter.conf (SM-2, SM-3, SM-5, SM-6)", () => {
  const config = read("smart-meter.conf");
  const giaddr = "10.48.0.1";

  test.each<[string, ClientMessage, string, string, number]>([
    ["by hardware", { mac: "02:40:00:00:00:01" }, "10.48.1.1", "three-phase-2.4.img", 86_400],
    [
      "of another group",
      { mac: "02:40:00:00:00:02" },
      "10.48.1.2",
      "single-phase-1.9.img",
      604_800,
    ],
    [
      "by client identifier",
      { mac: "02:40:00:00:00:99", clientId: "meter-000003" },
      ...(["10.48.1.3", "single-phase-1.9.img"] as const),
      604_800,
    ],
  ])("a meter known %s", (_name, message, address, file, leaseSeconds) => {
    const bed = new EngineBed(config);
    expect(bed.bind({ ...message, giaddr })).toBe(address);
    const offer = bed.reply({ ...message, giaddr, list: [1, 3, 42, 67] });
    expect(offer).toMatchObject({ address, leaseSeconds });
    expect(text(offer.packet.file)).toBe(file);
    expect(text(offer.option(67))).toBe(file);
    expect(addressesOf(offer.option(3))).toEqual(["10.48.0.1"]);
    expect(offer.option(1)).toEqual([255, 255, 240, 0]);
  });

  test("an unknown meter is not answered (PRE-2)", () => {
    const bed = new EngineBed(config);
    expect(bed.verdict({ giaddr, mac: "02:40:00:00:00:77" })).toBe("drop not-permitted");
  });
});
