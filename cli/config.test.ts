import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { bootFilesOf } from "../scenarios/servers/boot-files.ts";
import { runConfig } from "./config.ts";
import { captureOutput } from "./output.testing.ts";

const folder = mkdtempSync(join(tmpdir(), "prov-config-"));
const said = captureOutput();

afterAll(() => rmSync(folder, { recursive: true }));

const scenario = join(folder, "small.yaml");
writeFileSync(
  scenario,
  `schema: provlab/scenario@1
name: small
seed: 5
population: { cableModems: 4, mtas: 2, smartMeters: 1, cmtsCount: 1 }
boot: { files: { meterImageBytes: 2000 } }
phases:
  - name: connect
    streams: [{ exchange: boot, ratePerSecond: 5 }]
    until: all-online
`,
);

const files = bootFilesOf({ seed: 5, meterImageBytes: 2000 });

describe("--boot-files", () => {
  test("writes the files of the scenario, and the dhcpd.conf goes to standard output", async () => {
    const root = join(folder, "deep", "tftp");
    expect(await runConfig([scenario, "--boot-files", root])).toBe(0);
    expect(said.stderr).toBe("");
    expect(said.stdout).toContain('filename "meter.zip";');
    expect(readdirSync(root).sort()).toEqual(files.map(({ name }) => name).sort());
    for (const { name, bytes } of files) {
      expect(Buffer.compare(readFileSync(join(root, name)), bytes)).toBe(0);
    }
  });

  test("writes over what is there, and with --set other files", async () => {
    const root = join(folder, "again");
    expect(await runConfig([scenario, "--boot-files", root])).toBe(0);
    expect(await runConfig([scenario, "--boot-files", root, "--set", "seed=6"])).toBe(0);
    const [meter] = bootFilesOf({ seed: 6, meterImageBytes: 2000 }).slice(-1);
    expect(Buffer.compare(readFileSync(join(root, meter!.name)), meter!.bytes)).toBe(0);
  });

  test("a folder that cannot be made is told, and ends with 2", async () => {
    expect(await runConfig([scenario, "--boot-files", join(scenario, "x")])).toBe(2);
    expect(said.stderr).toMatch(/^prov config: --boot-files .*small\.yaml\/x: .* \(ENOTDIR\)\n$/);
    expect(said.stdout).toBe("");
  });

  test("a file that cannot be replaced is told, and leaves nothing half written", async () => {
    const root = join(folder, "blocked");
    mkdirSync(join(root, "mta.bin"), { recursive: true });
    expect(await runConfig([scenario, "--boot-files", root])).toBe(2);
    expect(said.stderr).toMatch(/mta\.bin cannot be written \(\w+\)/);
    expect(readdirSync(root).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  test("without it no file is written", async () => {
    expect(await runConfig([scenario])).toBe(0);
    expect(existsSync(join(folder, "mta.bin"))).toBe(false);
  });
});

test("the boot server is that of --boot-server, else the local address", async () => {
  await runConfig([scenario, "--boot-server", "10.0.0.9", "--local-address", "10.0.0.8"]);
  expect(said.stdout).toContain("next-server 10.0.0.9;");
  said.forget();
  await runConfig([scenario, "--local-address", "10.0.0.8"]);
  expect(said.stdout).toContain("next-server 10.0.0.8;");
  expect(await runConfig([scenario, "--boot-server", "tftp.example.net"])).toBe(2);
  expect(said.stderr).toMatch(/--boot-server tftp\.example\.net: write four numbers/);
});

describe("--format kea", () => {
  const settings = () => (JSON.parse(said.stdout) as { Dhcp4: Record<string, unknown> }).Dhcp4;

  test("prints Kea's configuration, with its interfaces and its lease file", async () => {
    const options = ["--format", "kea", "--interfaces", "eth0/192.0.2.1,eth1"];
    expect(await runConfig([scenario, ...options, "--leases", "/l.csv"])).toBe(0);
    expect(settings()["interfaces-config"]).toMatchObject({
      interfaces: ["eth0/192.0.2.1", "eth1"],
    });
    expect(settings()["lease-database"]).toMatchObject({ name: "/l.csv" });
    expect(settings()["reservations"]).toHaveLength(7);
  });

  test("knows nobody beforehand where the scenario registers nobody", async () => {
    const options = ["--format", "kea", "--set", "server.registered=false"];
    expect(await runConfig([scenario, ...options])).toBe(0);
    expect(settings()["reservations"]).toBeUndefined();
  });

  test.each([
    [["--format", "dnsmasq"], /--format dnsmasq: write isc or kea/],
    [["--interfaces", "eth0"], /--interfaces is for Kea/],
    [["--format", "kea", "--local-address", "10.0.0.1"], /write --interfaces NAME\/10\.0\.0\.1/],
    [["--format", "kea", "--server-subnet", "10.0.0.0/8"], /--server-subnet is for dhcpd/],
    [["--format", "kea", "--interfaces", "a,,b"], /with commas between/],
  ])("%j is refused", async (options, message) => {
    expect(await runConfig([scenario, ...options])).toBe(2);
    expect(said.stderr).toMatch(message);
    expect(said.stdout).toBe("");
  });
});

test("--leases names dhcpd's lease file", async () => {
  expect(await runConfig([scenario, "--leases", "/var/x.leases"])).toBe(0);
  expect(said.stdout).toContain('lease-file-name "/var/x.leases";');
});
