import { describe, expect, test } from "vitest";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { dhcpdConf } from "../servers/dhcpd-conf.ts";
import { keaConf } from "../servers/kea-conf.ts";
import { readSmall } from "../small-scenario.testing.ts";
import { type LeaseWish, leaseLimits, wishedSeconds } from "./lease-wish.ts";
import { Population } from "./population.ts";

const DEVICES = 20_000;
const weighted = [
  { seconds: 600, weight: 70 },
  { seconds: 3600, weight: 25 },
  { seconds: 86_400, weight: 5 },
];

function drawn(wish: LeaseWish, seed = 1): number[] {
  return Array.from({ length: DEVICES }, (_, device) => wishedSeconds(wish, seed, device));
}

describe("what devices ask for", () => {
  test("a number is the same for all", () => {
    expect(new Set(drawn(3600))).toEqual(new Set([3600]));
  });

  test("a range is uniform, with both ends", () => {
    const counts = new Map<number, number>();
    for (const seconds of drawn({ min: 61, max: 70 })) {
      counts.set(seconds, (counts.get(seconds) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted((a, b) => a - b)).toEqual([
      61, 62, 63, 64, 65, 66, 67, 68, 69, 70,
    ]);
    // 2,000 of each, give or take five standard deviations of a binomial count.
    for (const count of counts.values()) expect(Math.abs(count - 2000)).toBeLessThan(215);
    expect(drawn({ min: 600, max: 600 })[7]).toBe(600);
  });

  test("weights are relative", () => {
    const seconds = drawn(weighted);
    const shareOf = (one: number) => seconds.filter((each) => each === one).length / DEVICES;
    expect(shareOf(600)).toBeCloseTo(0.7, 1);
    expect(shareOf(3600)).toBeCloseTo(0.25, 1);
    expect(shareOf(86_400)).toBeCloseTo(0.05, 1);
    expect(shareOf(600) + shareOf(3600) + shareOf(86_400)).toBe(1);
  });

  test("depends on the seed and the device alone", () => {
    expect(drawn(weighted)).toEqual(drawn(weighted));
    expect(drawn(weighted, 2)).not.toEqual(drawn(weighted));
  });
});

describe("the configurations of the population", () => {
  const limits: readonly (readonly [LeaseWish | undefined, number, number])[] = [
    [undefined, 1200, 1200],
    [600, 600, 1200],
    [{ min: 3600, max: 7200 }, 1200, 7200],
    [weighted, 600, 86_400],
  ];
  test.each(limits)("allow what is asked for: %j", (wish, minSeconds, maxSeconds) => {
    expect(leaseLimits(1200, wish)).toEqual({ minSeconds, maxSeconds });
    const population = new Population({
      ...{ cableModems: 3, mtas: 0, cpes: 0, smartMeters: 0, cmtsCount: 1 },
      addressBlock: { network: parseIpv4("10.64.0.0")!, prefixLength: 10 },
      ...(wish === undefined ? {} : { leaseSeconds: wish }),
    });
    const isc = dhcpdConf(population, { leaseSeconds: 1200 });
    expect(isc).toContain(`default-lease-time 1200;\nmax-lease-time ${maxSeconds};\n`);
    expect(isc).toContain(`min-lease-time ${minSeconds};\n`);
    const kea = keaConf(population, {
      ...{ interfaces: ["*"], leaseSeconds: 1200, registry: undefined },
    });
    expect(JSON.parse(kea).Dhcp4).toMatchObject({
      "valid-lifetime": 1200,
      "min-valid-lifetime": minSeconds,
      "max-valid-lifetime": maxSeconds,
    });
  });
});

describe("population.leaseSeconds in a scenario", () => {
  const read = (leaseSeconds: string) =>
    readSmall({ population: `{ cableModems: 5, leaseSeconds: ${leaseSeconds} }` });
  const good: readonly (readonly [string, LeaseWish])[] = [
    ["600", 600],
    ["{ min: 600, max: 900 }", { min: 600, max: 900 }],
    ["[{ seconds: 600, weight: 1 }]", [{ seconds: 600, weight: 1 }]],
  ];
  test.each(good)("%s", (text, wish) => {
    const parsed = read(text);
    expect(parsed).toMatchObject({ kind: "ok", scenario: { population: { leaseSeconds: wish } } });
  });

  const bad = ["5", "abc", "{ min: 900, max: 600 }", "{ min: 600 }", "[]", "1.5"];
  test.each(bad)("%s is refused where it stands", (text) => {
    const parsed = read(text);
    expect(parsed.kind).toBe("failed");
    expect(JSON.stringify(parsed)).toContain("leaseSeconds");
  });
});
