import { expect, test } from "vitest";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { Population } from "../../scenarios/population/population.ts";
import { parseLeaseFile } from "../../server/lease/format/parse-lease-file.testing.ts";
import { leasedAddress, leasePieces } from "./lease-files.ts";

const population = new Population({
  ...{ cableModems: 5000, mtas: 0, cpes: 0, smartMeters: 0, cmtsCount: 7 },
  addressBlock: { network: parseIpv4("10.64.0.0")!, prefixLength: 10 },
});
const wanted = { leases: 4321, leaseSeconds: 7200, nowMs: 1_800_000_000_999 };

test("dhcpd's file has a lease a modem, each with an address of its CMTS, none twice", () => {
  const text = [...leasePieces("isc", population, wanted)].join("");
  const { records, error, tornTail } = parseLeaseFile(text);
  expect([error, tornTail]).toEqual([undefined, undefined]);
  expect(records.length).toBe(wanted.leases);
  expect(new Set(records.map(({ address }) => address)).size).toBe(wanted.leases);
  records.forEach((record, device) => {
    const { low, high } = population.cmts(population.cmtsOf(device)).pools[0]!;
    expect(record.address).toBe(leasedAddress(population, device));
    expect(record.address >= low && record.address <= high).toBe(true);
    expect(record.hardware?.address).toEqual(population.macOf(device));
    expect(record).toMatchObject({
      ...{ bindingState: "active", startsAt: 1_800_000_000, endsAt: 1_800_007_200 },
      clientId: Uint8Array.of(1, ...population.macOf(device)),
    });
  });
});

test("Kea's file has the same leases", () => {
  const lines = [...leasePieces("kea", population, wanted)].join("").trim().split("\n");
  expect(lines).toHaveLength(wanted.leases + 1);
  expect(lines[0]).toMatch(/^address,hwaddr,client_id,valid_lifetime,expire,subnet_id,/);
  expect(lines[9]).toBe(
    "10.64.4.17,02:10:00:00:00:08,01:02:10:00:00:00:08,7200,1800007200,2,0,0,,0,,0",
  );
});

test("more leases than modems are refused", () => {
  expect(() => [...leasePieces("isc", population, { ...wanted, leases: 5001 })]).toThrow(
    "5001 leases need as many modems",
  );
});
