import { describe, expect, test } from "vitest";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { deviceMac, EngineBed } from "./engine.testing.ts";

const subnet = (statements: string, last = 103): string =>
  `authoritative; ping-check off; default-lease-time 1200; dhcp-cache-threshold 0;
   subnet 10.9.0.0 netmask 255.255.255.0 { ${statements} range 10.9.0.100 10.9.0.${last}; }`;
const client = (device: number) => ({ mac: deviceMac(device), giaddr: "10.9.0.2" });
const forEver = { leaseSeconds: 0xffff_ffff };

describe("log-threshold-high and -low", () => {
  const full = (device: number, used: number, high = 50): string =>
    `error Pool threshold exceeded - shared subnet: 10.9.0.0/24; address: 10.9.0.10${device}; high threshold ${high}% ${used}/4.`;
  /** What the ACK of each device's lease says of the pool. */
  const notices = (bed: EngineBed, devices: readonly number[]): (string | undefined)[] =>
    devices.map((device) => {
      bed.bind({ ...client(device), requested: `10.9.0.10${device}` });
      return bed.takeSaid().find((line) => line.includes("Pool threshold"));
    });

  test("said once, until the pool is emptier again", () => {
    const bed = new EngineBed(subnet("log-threshold-high 50; log-threshold-low 25;"));
    expect(notices(bed, [0, 1, 2, 3])).toEqual([undefined, undefined, full(2, 2), undefined]);
    for (const device of [1, 2, 3]) {
      bed.send({ ...client(device), type: "release", ciaddr: `10.9.0.10${device}` });
    }
    const reset =
      "error Pool threshold reset - shared subnet: 10.9.0.0/24; address: 10.9.0.101; low threshold 1/4.";
    expect(notices(bed, [1, 2])).toEqual([reset, full(2, 2)]);
  });

  test("at every lease when the low one is not lower", () => {
    const bed = new EngineBed(subnet("log-threshold-high 50; log-threshold-low 50;"));
    expect(notices(bed, [0, 1, 2, 3])).toEqual([undefined, undefined, full(2, 2), full(3, 3)]);
  });

  test.each(["", "log-threshold-high 0;", "log-threshold-high 101;"])("never: %s", (statement) => {
    expect(notices(new EngineBed(subnet(statement)), [0, 1, 2, 3]).filter(Boolean)).toEqual([]);
  });
});

describe("adaptive-lease-time-threshold", () => {
  const seconds = (bed: EngineBed, device: number): number | undefined =>
    bed.reply({ ...client(device), requested: `10.9.0.10${device}` }).leaseSeconds;

  test("new leases are short from that use on", () => {
    const bed = new EngineBed(subnet("adaptive-lease-time-threshold 50; min-lease-time 400;"));
    for (const device of [0, 1]) {
      expect(seconds(bed, device)).toBe(1200);
      bed.bind({ ...client(device), requested: `10.9.0.10${device}` });
    }
    expect(seconds(bed, 2)).toBe(400);
    // Who has a lease keeps what is left of it.
    bed.nowSeconds += 100;
    expect(seconds(bed, 0)).toBe(1100);
    bed.nowSeconds += 900;
    expect(seconds(bed, 0)).toBe(400);
  });

  test("dhcpd's minimum without one", () => {
    const bed = new EngineBed(subnet("adaptive-lease-time-threshold 1;", 100));
    bed.bind(client(0));
    bed.nowSeconds += 1100;
    expect(seconds(bed, 0)).toBe(300);
  });

  test.each([0, 100])("%i is never", (percent) => {
    const bed = new EngineBed(subnet(`adaptive-lease-time-threshold ${percent};`, 100));
    bed.bind(client(0));
    bed.nowSeconds += 1100;
    expect(seconds(bed, 0)).toBe(1200);
  });
});

describe("infinite-is-reserved", () => {
  test("the address is nobody else's, even when it is given back", () => {
    const bed = new EngineBed(subnet("infinite-is-reserved on;", 100));
    expect(bed.bind({ ...client(1), ...forEver })).toBe("10.9.0.100");
    expect(bed.records.at(-1)?.reserved).toBe(true);
    expect(bed.lastLog).toContain("Infinite-leasetime reservation made on 10.9.0.100.");
    bed.send({ ...client(1), type: "release", ciaddr: "10.9.0.100" });
    expect(bed.verdict(client(2))).toBe("drop no-free-lease");
    expect(bed.verdict({ ...client(2), type: "request", requested: "10.9.0.100" })).toBe("nak");
    expect(bed.verdict(client(1))).toBe("offer 10.9.0.100");
  });

  test("the client still gets no more than max-lease-time", () => {
    const bed = new EngineBed(subnet("infinite-is-reserved on; max-lease-time 900;", 100));
    const offer = bed.reply({ ...client(1), ...forEver });
    expect(offer.packet.options.getUInt32(OptionCode.leaseTime)).toBe(900);
  });

  test("off, or another time asked for", () => {
    const off = new EngineBed(subnet("", 100));
    off.bind({ ...client(1), ...forEver });
    expect(off.records.at(-1)?.reserved).toBeUndefined();
    const on = new EngineBed(subnet("infinite-is-reserved on;", 100));
    on.bind({ ...client(1), leaseSeconds: 5000 });
    expect(on.records.at(-1)?.reserved).toBeUndefined();
  });
});
