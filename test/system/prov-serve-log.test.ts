import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { prov } from "../prov-command.testing.ts";

// Every packet has a line at `debug`: the most that a log is ever asked to take.

const folder = mkdtempSync(join(tmpdir(), "provlab-serve-log-"));
const devices = 3000;
const port = 18_267;
const scenario = `schema: provlab/scenario@1
name: logged
population: { cableModems: ${devices}, cmtsCount: 2 }
generator: { slipMsP99Max: 5000 }
phases:
  - name: connect
    streams: [{ exchange: discover, ratePerSecond: 1500 }]
    until: all-bound
    timeLimit: 60 s
`;
let server: ChildProcess;

/** Runs a command beside the server, whose pipe may be read meanwhile. */
async function run(...args: readonly string[]): Promise<{ status: number; stdout: string }> {
  const child = spawn(process.execPath, [prov, ...args], { cwd: folder });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  const [status] = (await once(child, "close")) as [number];
  return { status, stdout };
}

/** Resolves once it serves. Its standard error is a pipe that nobody reads yet. */
async function serve(): Promise<ChildProcess> {
  writeFileSync(join(folder, "dhcpd.leases"), "");
  const args = [prov, "serve", "-c", "prov.yaml", "--log-level", "debug"];
  server = spawn(process.execPath, args, {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  await once(server, "message", { signal: AbortSignal.timeout(30_000) });
  return server;
}

beforeAll(() => {
  writeFileSync(join(folder, "logged.yaml"), scenario);
  const args = [prov, "config", "logged.yaml", "--local-address", "127.0.0.1"];
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  writeFileSync(join(folder, "dhcpd.conf"), stdout);
  const dhcp = { config: "dhcpd.conf", leases: "dhcpd.leases", port };
  const sections = { schema: "provlab/prov@1", address: "127.0.0.1", dhcp };
  writeFileSync(join(folder, "prov.yaml"), JSON.stringify(sections));
});

afterEach(() => server.kill("SIGKILL"));

afterAll(() => rmSync(folder, { recursive: true }));

describe("prov serve --log-level debug", () => {
  test("each packet has a line that says from whom, by which relay, and what it got", async () => {
    const { stderr } = await serve();
    let text = "";
    stderr!.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    const ran = await run("run", "logged.yaml", "--target", `127.0.0.1:${port}`);
    expect(ran.status, ran.stdout).toBe(0);
    server.kill("SIGTERM");
    await once(server, "close");
    const lines = text
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Readonly<Record<string, string>>);
    const acknowledged = lines.filter(({ msg }) => msg!.includes("\nDHCPACK on"));
    const dropped = lines.flatMap(
      ({ msg }) => /^(\d+) log lines were dropped/.exec(msg!)?.[1] ?? [],
    );
    expect(
      acknowledged.length + dropped.reduce((sum, count) => sum + Number(count), 0),
    ).toBeGreaterThanOrEqual(devices);
    const [first] = acknowledged;
    const { mac, address, giaddr } = first!;
    expect(first).toMatchObject({ level: "debug", service: "dhcp", type: "DHCPREQUEST" });
    expect(mac).toMatch(/^02:10:/);
    expect(first!["msg"]).toContain(`\nDHCPACK on ${address} to ${mac} via ${giaddr}`);
  });

  test("nobody reads the log: service goes on, and SIGTERM ends it", async () => {
    await serve();
    const ran = await run("run", "logged.yaml", "--target", `127.0.0.1:${port}`);
    expect(ran.status, ran.stdout).toBe(0);
    server.kill("SIGTERM");
    expect(await once(server, "exit")).toEqual([0, null]);
  });
});
