import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { formatMac } from "../../../protocol/mac.ts";
import { Population } from "../../../scenarios/population/population.ts";
import type { AcknowledgedLeases } from "../../../simulator/run/edge/coordinator.ts";
import { auditTogether } from "./lease-audit.ts";

const population = new Population({
  ...{ cableModems: 3, mtas: 0, cpes: 0, smartMeters: 0, cmtsCount: 1 },
});
const endsAt = 2_000_000_000;
const addressOf = (device: number): number => population.cmts(0).pools[0].low + device;

/** Devices 0 to 2 hold the first addresses of the pool, until `endsAt`. */
const leases: AcknowledgedLeases = {
  count: 3,
  device: Uint32Array.of(0, 1, 2),
  address: Uint32Array.of(addressOf(0), addressOf(1), addressOf(2)),
  expiresAtSeconds: Float64Array.of(endsAt, endsAt, endsAt),
};

interface Line {
  readonly device: number;
  /** Whose address it is; the device's own when left out. */
  readonly at?: number;
  readonly isActive?: boolean;
  readonly endsAtSeconds?: number;
}

const formats = {
  isc: (lines: readonly Line[]): string =>
    lines
      .map(
        ({ device, at = device, isActive = true, endsAtSeconds = endsAt }) =>
          `lease ${formatIpv4(addressOf(at))} {\n  starts epoch 1;\n  ends epoch ${endsAtSeconds};\n` +
          `  tsfp epoch ${endsAtSeconds};\n  cltt epoch 1;\n` +
          `  binding state ${isActive ? "active" : "expired"};\n  next binding state free;\n` +
          `  hardware ethernet ${formatMac(population.macOf(device))};\n}\n`,
      )
      .join(""),
  kea: (lines: readonly Line[]): string =>
    [
      "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id",
      ...lines.map(({ device, at = device, isActive = true, endsAtSeconds = endsAt }) => {
        const mac = formatMac(population.macOf(device));
        const context = '{ "ISC": { "a": 1&#x2c "b": 2 } }';
        return `${formatIpv4(addressOf(at))},${mac},01:${mac},60,${endsAtSeconds},1,0,0,,${isActive ? 0 : 2},${context},0`;
      }),
      "",
    ].join("\n"),
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "provlab-audit-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(node: string, text: string): string {
  mkdirSync(join(folder, node), { recursive: true });
  const path = join(folder, node, "leases");
  writeFileSync(path, text);
  return path;
}

describe.each(["isc", "kea"] as const)("two lease files of %s", (format) => {
  const audit = (a: readonly Line[], b: readonly Line[]) =>
    auditTogether(
      [fileOf("node-a", formats[format](a)), fileOf("node-b", formats[format](b))],
      ...([format, leases, population] as const),
    );

  test("have a lease that either of them has, and each one's own count is told", () => {
    expect(audit([{ device: 0 }, { device: 1 }], [{ device: 1 }, { device: 2 }])).toEqual({
      ...{ lost: 0, examples: [] },
      summary: "all 3 leases in the lease files together; node-a has 2; node-b has 2",
    });
  });

  test("lack one that is in neither, somebody else's, over, or ended too early in both", () => {
    const all = [{ device: 0 }, { device: 1 }, { device: 2 }];
    const without = all.slice(0, 2);
    const [first, ...rest] = all as [Line, ...Line[]];
    expect(audit(without, without)).toMatchObject({ lost: 1 });
    const cases: readonly (readonly [Line, RegExp])[] = [
      [{ device: 2, at: 0 }, /says it is 02:[0-9a-f:]+'s/],
      [{ ...first, isActive: false }, /says expired/],
      [{ ...first, endsAtSeconds: endsAt - 60 }, /ends it 60 s too early/],
    ];
    for (const [line, problem] of cases) {
      const { lost, examples } = audit([...all, line], [line, ...rest]);
      expect(lost).toBe(1);
      expect(examples).toEqual([expect.stringMatching(problem)]);
      expect(audit([...all, line], all).lost).toBe(0);
    }
  });
});

describe("a lease file of Kea", () => {
  const text = formats.kea([{ device: 0 }, { device: 1 }, { device: 2 }]);
  const lostOf = (content: string): number => {
    const path = fileOf("node-a", content);
    return auditTogether([path, path], "kea", leases, population).lost;
  };

  test("has removed what has no lifetime any more", () => {
    const line = text.split("\n")[2];
    expect(lostOf(text)).toBe(0);
    expect(lostOf(`${text}${line.replace(",60,", ",0,")}\n`)).toBe(1);
  });

  test("does not have a line that is not yet written to its end", () => {
    expect(lostOf(text.slice(0, -1))).toBe(1);
  });

  test("is no other file", () => {
    expect(() => lostOf("lease 10.0.0.1 {\n}\n")).toThrow(/^no lease file of Kea: .*lease 10/);
    expect(() => lostOf("")).toThrow("no lease file of Kea");
  });
});
