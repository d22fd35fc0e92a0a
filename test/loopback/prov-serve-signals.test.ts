import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePorts } from "../ports.testing.ts";
import { prov } from "../prov-command.testing.ts";
import { fetchFile, ServingProcess } from "./prov-serve.testing.ts";

// examples/prov.yaml as a stranger starts it, from another folder, and what signals do to it.

const examples = resolve(import.meta.dirname, "../../examples");
const folder = mkdtempSync(join(tmpdir(), "provlab-signals-"));
const elsewhere = mkdtempSync(join(tmpdir(), "provlab-elsewhere-"));
const config = join(folder, "prov.yaml");
const first = await freePorts();
const patiently = { timeout: 60_000 };

/** The example, but for its ports: others may have them. */
function exampleText(): string {
  const ports = [6767, 6969, 9767, 6037, 6123, 6514];
  return ports.reduce(
    (text, port, place) => text.replace(`port: ${port}`, `port: ${first + 2 * place}`),
    readFileSync(join(examples, "prov.yaml"), "utf8"),
  );
}

function serve(...args: readonly string[]) {
  const options = { cwd: elsewhere, encoding: "utf8", timeout: 60_000 } as const;
  return spawnSync(process.execPath, [prov, "serve", "-c", config, ...args], options);
}

beforeAll(() => {
  cpSync(examples, folder, { recursive: true });
  for (const left of ["dhcpd.leases", "log"]) {
    rmSync(join(folder, left), { recursive: true, force: true });
  }
  writeFileSync(config, exampleText());
});

afterAll(() => {
  for (const path of [folder, elsewhere]) rmSync(path, { recursive: true });
});

test("DHCP-12: examples/prov.yaml serves from any folder, and signals are told and do what people expect", async () => {
  const checked = serve("--check");
  expect(checked.stderr).toBe("");
  expect(checked.status).toBe(0);
  expect(checked.stdout).toContain("nothing keeps it from serving dhcp, tftp, time, ntp, syslog");

  const server = await ServingProcess.start(elsewhere, config, "metrics");
  try {
    const lines = () => server.log.map(({ service, msg }) => `${service ?? "-"}: ${msg}`);
    const said = (what: RegExp) => lines().filter((line) => what.test(line));
    expect(
      said(/^-: provlab .* starts dhcp, tftp, time, ntp, syslog of .*prov\.yaml/),
    ).toHaveLength(1);
    const hello = await fetchFile("127.0.0.1", first + 2, "hello.txt");
    expect(new TextDecoder().decode(hello)).toBe("TFTP works.\n");

    process.kill(server.pid, "SIGUSR1");
    await expect.poll(() => said(/: counters: /), patiently).toHaveLength(5);
    expect(said(/^tftp: counters: .*tftp_/)).toHaveLength(1);
    process.kill(server.pid, "SIGHUP");
    await expect.poll(() => said(/^-: SIGHUP: the files are read once/), patiently).toHaveLength(1);
    await fetchFile("127.0.0.1", first + 2, "hello.txt");

    expect(await server.stop()).toBe(0);
    expect(said(/^-: stops: SIGTERM$/)).toHaveLength(1);
    expect(said(/: counters: /)).toHaveLength(10);
    expect(lines().at(-1)).toMatch(/^-: ended after .+: SIGTERM$/);
  } finally {
    server.kill();
  }
});

describe("mistakes", () => {
  const broken: readonly (readonly [path: string, text: string])[] = [
    ["dhcpd.conf", 'include "docsis.conf";\nlocal-adress 127.0.0.1;\nmax-lease-time often;\n'],
    ["device-files/registrations.json", "{"],
  ];
  const before = new Map<string, string>();

  beforeAll(() => {
    for (const [path, text] of broken) {
      before.set(path, readFileSync(join(folder, path), "utf8"));
      writeFileSync(join(folder, path), text);
    }
  });
  afterAll(() => {
    for (const [path, text] of before) writeFileSync(join(folder, path), text);
  });

  test.each<readonly [string, readonly string[]]>([
    ["--check", ["--check"]],
    ["a start", []],
  ])("all of them are told at once: %s", (_, args) => {
    const { status, stderr } = serve(...args, "--log-format", "text");
    expect(status).toBe(2);
    expect(stderr).toMatch(/dhcp: dhcpd\.conf line 2/);
    expect(stderr).toMatch(/dhcpd\.conf line 3/);
    expect(stderr).toMatch(/tftp: .*registrations\.json/);
  });

  test("of the sections, all are told at once, with their lines", () => {
    const text = exampleText()
      .replace(/port: \d+/, "port: 70000")
      .replace("daysKept: 90", "daysKept: often")
      .replace("boundToAddress: true", "boundToAddress: perhaps")
      .replace("directory: log", "folder: log")
      .replace("time:", "tyme:");
    const path = join(folder, "five.yaml");
    writeFileSync(path, text);
    const options = { cwd: elsewhere, encoding: "utf8", timeout: 60_000 } as const;
    const { status, stderr } = spawnSync(process.execPath, [prov, "serve", "-c", path], options);
    expect(status).toBe(2);
    for (const what of ["dhcp.port", "daysKept", "boundToAddress", "folder", "tyme"]) {
      expect(stderr).toMatch(new RegExp(`five\\.yaml:\\d+: .*${what}`));
    }
  });
});
