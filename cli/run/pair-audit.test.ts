import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LabError } from "../../lab/machine/lab-error.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { formatMac } from "../../protocol/mac.ts";
import { Population } from "../../scenarios/population/population.ts";
import { auditPair } from "./pair-lab.ts";

const population = new Population({
  cableModems: 2,
  mtas: 0,
  cpes: 0,
  smartMeters: 0,
  cmtsCount: 1,
});
const firstAddress = population.cmts(0).pools[0].low;
const endsAt = Date.UTC(2030, 0, 1) / 1000;
const addressOf = (device: number): number => firstAddress + device;

/** What both devices were acknowledged. */
const leases = {
  count: 2,
  device: Uint32Array.of(0, 1),
  address: Uint32Array.of(addressOf(0), addressOf(1)),
  expiresAtSeconds: Float64Array.of(endsAt, endsAt),
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "provlab-audit-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A file with leases of these devices, as servers and the store have it. */
function file(name: string, ...devices: readonly number[]): string {
  const path = join(folder, name);
  const records = devices.map(
    (device) => `lease ${formatIpv4(addressOf(device))} {
  starts 2 2029/12/31 00:00:00;
  ends 2 2030/01/01 00:00:00;
  binding state active;
  hardware ethernet ${formatMac(population.macOf(device))};
}
`,
  );
  writeFileSync(path, records.join("\n"));
  return path;
}

/** Of a pair of ours. */
const setUp = {
  controlSocket: "prov.sock",
  leaseFile: { path: "dhcpd.leases", format: "isc" },
} as const;

describe("the leases that devices were acknowledged are looked for", () => {
  test("in the files of both nodes and in the store", async () => {
    const lab = {
      setUp,
      leaseFiles: [file("a", 0, 1), file("b", 0, 1)],
      exportStore: () => file("store", 0, 1),
    };
    expect(await auditPair(lab, leases, population)).toEqual({
      lost: 0,
      examples: [],
      summary:
        "all 2 leases in the lease file; the other node's: all 2 leases in the lease file; all 2 leases in etcd",
    });
  });

  test("one that the store alone lacks is lost: the next node would lend its address again", async () => {
    const lab = { setUp, leaseFiles: [file("a", 0, 1)], exportStore: () => file("store", 1) };
    const audit = await auditPair(lab, leases, population);
    expect(audit).toMatchObject({ lost: 1 });
    expect(audit!.summary).toBe("all 2 leases in the lease file; 1 of 2 leases not in etcd");
    expect(audit!.examples).toEqual([expect.stringMatching(/, but etcd says free\.$/)]);
  });

  test("a store that does not answer has lost nothing, and is not passed over in silence", async () => {
    const exportStore = (): string => {
      throw new LabError("no answer");
    };
    const lab = { setUp, leaseFiles: [file("a", 0, 1)], exportStore };
    expect(await auditPair(lab, leases, population)).toEqual({
      ...{ lost: 0, examples: [] },
      summary: "all 2 leases in the lease file; etcd was not read: no answer",
    });
  });

  test("pairs without a store have their files", async () => {
    const lab = { setUp, leaseFiles: [file("a", 0, 1), file("b")], exportStore: () => undefined };
    expect(await auditPair(lab, leases, population)).toMatchObject({
      lost: 0,
      summary:
        "all 2 leases in the lease file; the other node's: 2 of 2 leases not in the lease file",
    });
  });
});
