import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { decodePacket } from "../../protocol/dhcp/packet.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { formatMac } from "../../protocol/mac.ts";
import { datagramOf } from "../../protocol/pcap/captured-datagram.ts";
import { readCapture } from "../../protocol/pcap/read-capture.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import { readPersonaFile } from "../../scenarios/population/captured-persona.ts";
import { prov, runProv } from "../prov-command.testing.ts";
import { bootAll, smallScenario } from "../small-scenario.testing.ts";
import { missingTshark } from "./tshark.testing.ts";

const folder = mkdtempSync(join(tmpdir(), "provlab-capture-"));
afterAll(() => rmSync(folder, { recursive: true }));

const scenario = join(folder, "x.yaml");
writeFileSync(
  scenario,
  smallScenario("x", {
    population: { cableModems: 30, mtas: 10, smartMeters: 10, cmtsCount: 4 },
    personas: [{ kind: "foreign-address", count: 3, of: "cable-modem" }],
    phases: [{ ...bootAll(100), name: "up" }],
  }),
);

async function run(name: string, ...more: readonly string[]) {
  const file = join(folder, `${name}.pcapng`);
  const args = [
    "run",
    scenario,
    "--out",
    join(folder, name),
    "--workers",
    "2",
    "--progress",
    "none",
  ];
  const ran = await runProv([...args, "--pcap", file, ...more], { cwd: folder });
  expect(ran.stderr).toBe("");
  const result = readFileSync(join(folder, name, "result.json"), "utf8");
  return { file, stdout: ran.stdout, result: JSON.parse(result) as RunResult };
}

/** Columns of tshark, packet by packet. */
function tshark(file: string, port: number, filter: string, fields: readonly string[]): string[][] {
  const columns = fields.flatMap((field) => ["-e", field]);
  const args = ["-n", "-r", file, "-d", `udp.port==${port},dhcp`, "-Y", filter, "-T", "fields"];
  const ran = spawnSync("tshark", [...args, ...columns], {
    encoding: "utf8",
    env: { ...process.env, WIRESHARK_CONFIG_DIR: folder },
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
  expect(ran.status).toBe(0);
  return ran.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
}

// A device that was refused waits for up to ten seconds (RFC 2131 section 4.4.1): so all runs wait at once.
describeUnless(missingTshark(), "the packets of a run", () => {
  test.concurrent("tshark reads what we read, and finds nothing malformed", async () => {
    const { file, stdout, result } = await run("all");
    expect(result.verdict).toBe("pass");
    expect(existsSync(`${file}.part0`)).toBe(false);
    const { port } = result.target;
    const frames = [...readCapture(readFileSync(file))];
    expect(stdout).toMatch(
      `capture        ${file}: ${frames.length.toLocaleString("en-US")} packets\n`,
    );
    const ours = frames.flatMap((frame) => {
      const content = datagramOf(frame);
      if (content.kind !== "datagram") throw new Error(`a frame is ${content.kind}`);
      if (content.sourcePort !== port && content.destinationPort !== port) return [];
      const packet = decodePacket(content.payload);
      return [
        [
          ...[formatIpv4(content.source), formatIpv4(content.destination)],
          `0x${packet.xid.toString(16).padStart(8, "0")}`,
          ...[formatMac(packet.chaddr), formatIpv4(packet.giaddr), formatIpv4(packet.yiaddr)],
        ],
      ];
    });
    const fields = [
      "ip.src",
      "ip.dst",
      "dhcp.id",
      "dhcp.hw.mac_addr",
      "dhcp.ip.relay",
      "dhcp.ip.your",
    ];
    const theirs = tshark(file, port, "dhcp", fields).map(
      ([source, destination, xid, mac, ...rest]) => [
        // Of the client-id tshark shows the MAC as well.
        ...[source, destination, xid, mac!.split(",")[0], ...rest],
      ],
    );
    expect(ours.length).toBeGreaterThan(4 * 50);
    expect(theirs).toEqual(ours);
    expect(tshark(file, port, "_ws.malformed", ["frame.number"])).toEqual([]);
    const [first] = tshark(file, port, "dhcp", ["frame.comment", "frame.interface_name"]);
    expect(first![0]).toMatch(/^device \d+ \(.*\), CMTS \d, SELECTING$|REBOOTING$/);
    expect(first![1]).toMatch(/^cmts\d$/);

    const args = [prov, "persona", "from-pcap", file, "--port", String(port)];
    const made = spawnSync(process.execPath, [...args, "--mac", "02:10:00:00:00:01"], {
      encoding: "utf8",
    });
    expect(readPersonaFile("x", made.stdout)).toMatchObject({ kind: "ok" });
  });

  const connect = ["--set", "phases.0.streams.0.exchange=discover"];
  const quick = [...connect, "--set", "phases.0.until=all-bound"];
  const healthy = ["--set", "personas=[]"];

  test.concurrent("only what went wrong", async () => {
    const naks = await run("errors", "--pcap-filter", "errors", ...quick);
    const types = tshark(naks.file, naks.result.target.port, "dhcp", ["dhcp.option.dhcp"]);
    expect(types.filter(([type]) => type === "6")).toHaveLength(3);
  });

  test.concurrent("only one device", async () => {
    const one = await run("device", "--pcap-filter", "device=12", ...healthy);
    const { port } = one.result.target;
    const macs = tshark(one.file, port, "dhcp", ["dhcp.hw.mac_addr"]).flat();
    expect(new Set(macs.flatMap((mac) => mac.split(",")))).toEqual(new Set(["02:10:00:00:00:0c"]));
    expect(tshark(one.file, port, "tftp", ["frame.number"]).length).toBeGreaterThan(1);
  });

  test.concurrent("never more than told", async () => {
    const many = [...quick, "--set", "population.cableModems=600", ...healthy];
    const small = await run("small", "--pcap-max", "1", ...many);
    expect(statSync(small.file).size).toBeLessThanOrEqual(1024 * 1024);
    expect(small.stdout).toMatch(/packets, [\d,]+ more did not fit/);
  });
});

test.each([
  [["--pcap", "/nowhere/x.pcapng"], "cannot be written (ENOENT)"],
  [["--pcap", join(folder, "y"), "--pcap-filter", "device=50"], "the devices are 0 to 49"],
  [["--pcap", join(folder, "y"), "--pcap-filter", "cmts=4"], "the CMTSs are 0 to 3"],
  [["--pcap", join(folder, "y"), "--pcap-filter", "all"], "device=12, cmts=3 or errors"],
  [["--pcap-filter", "errors"], "there is none"],
])("%j is refused", (options, message) => {
  const ran = spawnSync(process.execPath, [prov, "run", scenario, ...options], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(ran.status).toBe(2);
  expect(ran.stderr).toContain(message);
});
