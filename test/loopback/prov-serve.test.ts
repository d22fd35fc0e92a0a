import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  checkCmMic,
  checkCmtsMic,
  decodeCmConfig,
  describeCmSettings,
} from "../../protocol/docsis/cm-config.ts";
import { decodeNtp, encodeNtp, NtpMode } from "../../protocol/ntp/packet.ts";
import { tftpErrorCodes } from "../../protocol/tftp/packet.ts";
import { decodeTime } from "../../protocol/time/rfc868.ts";
import { freePorts } from "../ports.testing.ts";
import { prov } from "../prov-command.testing.ts";
import { connect, smallScenario } from "../small-scenario.testing.ts";
import { ask, fetchBlock, fetchFile, ServingProcess } from "./prov-serve.testing.ts";

const deviceFiles = resolve(import.meta.dirname, "../../examples/device-files");
const folder = mkdtempSync(join(tmpdir(), "provlab-serve-"));
const first = await freePorts();
// Devices have the port after that of their server.
const ports = {
  ...{ dhcp: first, cpe: first + 2, tftp: first + 4 },
  ...{ time: first + 5, ntp: first + 6, syslog: first + 7 },
};

const secret = "what the CMTS knows";

const scenario = smallScenario("tiny", {
  population: { cableModems: 40, cmtsCount: 2 },
  phases: [connect(100)],
});

const provYaml = `schema: provlab/prov@1
address: 127.0.0.1
dhcp: { config: dhcpd.conf, leases: dhcpd.leases, port: ${ports.dhcp} }
tftp:
  root: tftp
  port: ${ports.tftp}
  deviceFiles:
    registrations: device-files/registrations.json
    templates: device-files/templates
    sharedSecretFile: device-files/cmts-secret
    boundToAddress: true
time: { port: ${ports.time} }
ntp: { port: ${ports.ntp} }
syslog: { directory: log, port: ${ports.syslog} }
dhcpInstances:
  cpe: { config: dhcpd.conf, leases: cpe.leases, port: ${ports.cpe} }
`;

function run(...args: readonly string[]) {
  return spawnSync(process.execPath, [prov, ...args], {
    cwd: folder,
    encoding: "utf8",
    timeout: 60_000,
  });
}

let server: ServingProcess;

beforeAll(async () => {
  writeFileSync(join(folder, "tiny.yaml"), scenario);
  writeFileSync(
    join(folder, "dhcpd.conf"),
    run("config", "tiny.yaml", "--local-address", "127.0.0.1").stdout,
  );
  writeFileSync(join(folder, "dhcpd.leases"), "");
  writeFileSync(join(folder, "cpe.leases"), "");
  mkdirSync(join(folder, "tftp"));
  writeFileSync(join(folder, "tftp", "cm-3.0.cfg"), "a file of 26 bytes, at most");
  cpSync(deviceFiles, join(folder, "device-files"), { recursive: true });
  writeFileSync(join(folder, "device-files", "cmts-secret"), `${secret}\n`);
  writeFileSync(join(folder, "prov.yaml"), provYaml);
  server = await ServingProcess.start(folder, "prov.yaml", "syslog");
}, 60_000);

afterAll(() => {
  server.kill();
  rmSync(folder, { recursive: true });
});

describe("prov serve, all services in one process", () => {
  // DHCP-13: several DHCP servers on one node, each with its own leases.
  test.each([
    ["dhcp", ports.dhcp, "dhcpd.leases"],
    ["dhcp-cpe", ports.cpe, "cpe.leases"],
  ])("%s serves a population", (name, port, leases) => {
    expect(server.log).toContainEqual({
      ...{ level: "info", time: expect.stringMatching(/^2\d{3}-.*Z$/), service: name, port },
      msg: `serving on port ${port}`,
    });
    const ran = run("run", "tiny.yaml", "--target", `127.0.0.1:${port}`);
    expect(ran.stdout, ran.stderr + server.said).toMatch(/^PASS {2}tiny/m);
    const records = readFileSync(join(folder, leases), "latin1").match(/^lease /gm);
    expect(records).toHaveLength(40);
  });

  test("TFTP-1: a modem fetches its file", async () => {
    const bytes = await fetchFile("127.0.0.1", ports.tftp, "cm-3.0.cfg");
    expect(new TextDecoder().decode(bytes)).toBe("a file of 26 bytes, at most");
  });

  test("a registered modem fetches a file of its own, signed for its address", async () => {
    const settings = async (): Promise<readonly unknown[]> => {
      const bytes = await fetchFile("127.0.0.1", ports.tftp, "cm-021000000002.cfg");
      expect(checkCmMic(bytes)).toBe("right");
      expect(checkCmtsMic(bytes, new TextEncoder().encode(secret))).toBe("right");
      return describeCmSettings(decodeCmConfig(bytes).tlvs);
    };
    const before = await settings();
    expect(before).toContainEqual({ maxCpe: 16 });
    expect(before).toContainEqual({ tftpModemAddress: "127.0.0.1" });
    const path = join(folder, "device-files/templates/business.json");
    writeFileSync(path, JSON.stringify({ kind: "cable-modem", settings: [{ networkAccess: 0 }] }));
    await expect.poll(settings).toContainEqual({ networkAccess: 0 });
  });

  test("a modem that is not registered is told that there is no file", async () => {
    const answer = await fetchBlock("127.0.0.1", ports.tftp, "cm-021000000009.cfg");
    expect(answer).toMatchObject({ kind: "error", code: tftpErrorCodes.fileNotFound });
  });

  test("Time and NTP tell the time", async () => {
    const nowSeconds = Date.now() / 1000;
    const [time] = await ask(ports.time, new Uint8Array());
    expect(Math.abs(decodeTime(time) - nowSeconds)).toBeLessThan(10);
    const request = new Uint8Array(48);
    request[0] = (4 << 3) | NtpMode.client;
    request[47] = 7;
    const reply = decodeNtp((await ask(ports.ntp, request))[0]);
    expect(reply.mode).toBe(NtpMode.server);
    expect(reply.originate.fraction).toBe(7);
    expect(encodeNtp(reply, request, 0)).toBe(48);
  });

  test("LOG-1: a message reaches its file", async () => {
    const socket = createSocket("udp4");
    socket.send("<30>Nov 24 12:00:00 meter-7 dhcpd: hello", ports.syslog, "127.0.0.1", () =>
      socket.close(),
    );
    const files = (): string =>
      ["messages", "dhcp.log", "daemon.log"]
        .map((name) => join(folder, "log", name))
        .filter(existsSync)
        .map((path) => readFileSync(path, "utf8"))
        .join("");
    await expect.poll(files).toContain("dhcpd: hello");
  });

  test("SIGTERM ends all of it in good order", async () => {
    expect(await server.stop(), server.said).toBe(0);
    expect(server.said).not.toContain(secret);
  });
});

describe("mistakes end with status 2 and name what is wrong", () => {
  test.each([
    ["no file", undefined, /absent.yaml: cannot be read \(ENOENT\)/],
    [
      "an unknown section",
      provYaml.replace("syslog:", "sislog:"),
      /absent.yaml:14: sislog is not known here\n {2}hint: did you mean syslog/,
    ],
    [
      "a bad address",
      provYaml.replace("127.0.0.1", "here"),
      /absent.yaml:2: address is "here": write an IPv4 address/,
    ],
    [
      "two servers on one lease file",
      provYaml.replace("cpe.leases", "./dhcpd.leases"),
      /absent.yaml: two DHCP servers have the lease file .\/dhcpd.leases/,
    ],
    ["no service", "schema: provlab/prov@1\n", /names no service/],
    [
      "a configuration that is not there",
      provYaml.replace("dhcpd.conf", "no.conf"),
      /dhcp: Can't open no.conf/,
    ],
    [
      "registrations that are not there",
      provYaml.replace("registrations.json", "no.json"),
      /tftp: device-files\/no.json: No such file/,
    ],
    [
      "a secret below the root",
      provYaml.replace("root: tftp", "root: device-files"),
      /tftp: device-files\/registrations.json: lies below device-files, where every client could/,
    ],
  ])("%s", (_name, text, expected) => {
    rmSync(join(folder, "absent.yaml"), { force: true });
    if (text !== undefined) writeFileSync(join(folder, "absent.yaml"), text);
    const ran = run("serve", "-c", "absent.yaml");
    expect(ran.stderr).toMatch(expected);
    expect(ran.status).toBe(2);
  });
});
