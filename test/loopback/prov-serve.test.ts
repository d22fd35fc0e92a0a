import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { decodeNtp, encodeNtp, NtpMode } from "../../protocol/ntp/packet.ts";
import { decodeTftp, encodeAck, encodeReadRequest } from "../../protocol/tftp/packet.ts";
import { decodeTime } from "../../protocol/time/rfc868.ts";

const prov = resolve(import.meta.dirname, "../../dist/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "provlab-serve-"));
const ports = { dhcp: 18_067, tftp: 18_069, time: 18_037, ntp: 18_123, syslog: 18_514 };

const scenario = `schema: provlab/scenario@1
name: tiny
population: { cableModems: 40, cmtsCount: 2 }
generator: { slipMsP99Max: 1000 }
phases:
  - name: connect
    streams: [{ exchange: discover, ratePerSecond: 100 }]
    until: all-bound
    timeLimit: 30 s
`;

const provYaml = `schema: provlab/prov@1
address: 127.0.0.1
dhcp: { config: dhcpd.conf, leases: dhcpd.leases, port: ${ports.dhcp} }
tftp: { root: tftp, port: ${ports.tftp} }
time: { port: ${ports.time} }
ntp: { port: ${ports.ntp} }
syslog: { directory: log, port: ${ports.syslog} }
`;

function run(...args: readonly string[]) {
  return spawnSync(process.execPath, [prov, ...args], {
    cwd: folder,
    encoding: "utf8",
    timeout: 60_000,
  });
}

/** Sends one datagram and returns the first answer, and where it came from. */
async function ask(port: number, request: Uint8Array): Promise<[Uint8Array, number]> {
  const socket = createSocket("udp4");
  try {
    socket.send(request, port, "127.0.0.1");
    const signal = AbortSignal.timeout(10_000);
    const [bytes, from] = (await once(socket, "message", { signal })) as [Buffer, { port: number }];
    return [Uint8Array.from(bytes), from.port];
  } finally {
    socket.close();
  }
}

let server: ChildProcess;
let said = "";

beforeAll(async () => {
  writeFileSync(join(folder, "tiny.yaml"), scenario);
  writeFileSync(
    join(folder, "dhcpd.conf"),
    run("config", "tiny.yaml", "--local-address", "127.0.0.1").stdout,
  );
  writeFileSync(join(folder, "dhcpd.leases"), "");
  mkdirSync(join(folder, "tftp"));
  writeFileSync(join(folder, "tftp", "cm-3.0.cfg"), "a file of 26 bytes, at most");
  writeFileSync(join(folder, "prov.yaml"), provYaml);
  server = spawn(process.execPath, [prov, "serve"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  server.stderr!.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await vi.waitFor(() => expect(said).toContain("syslog: serving on port"), 30_000);
}, 60_000);

afterAll(() => {
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

describe("prov serve, all services in one process", () => {
  test("DHCP serves a population", () => {
    const ran = run("run", "tiny.yaml", "--target", `127.0.0.1:${ports.dhcp}`);
    expect(ran.stdout, ran.stderr + said).toMatch(/^PASS {2}tiny/m);
  });

  test("TFTP-1: a modem fetches its file", async () => {
    const socket = createSocket("udp4");
    try {
      const packet = new Uint8Array(512);
      const length = encodeReadRequest(packet, 0, {
        filename: "cm-3.0.cfg",
        mode: "octet",
        options: [],
      });
      socket.send(packet.subarray(0, length), ports.tftp, "127.0.0.1");
      const signal = AbortSignal.timeout(10_000);
      const [bytes, from] = (await once(socket, "message", { signal })) as [
        Buffer,
        { port: number },
      ];
      const data = decodeTftp(Uint8Array.from(bytes));
      if (data.kind !== "data") throw new Error(`answered by ${data.kind}`);
      expect(new TextDecoder().decode(data.bytes)).toBe("a file of 26 bytes, at most");
      socket.send(packet.subarray(0, encodeAck(packet, 0, data.block)), from.port, "127.0.0.1");
    } finally {
      socket.close();
    }
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
    await expect.poll(files, { timeout: 10_000 }).toContain("dhcpd: hello");
  });

  test("SIGTERM ends all of it in good order", async () => {
    server.kill("SIGTERM");
    const [status] = await once(server, "exit");
    expect(status, said).toBe(0);
  });
});

describe("mistakes end with status 2 and name what is wrong", () => {
  test.each([
    ["no file", undefined, /absent.yaml: cannot be read \(ENOENT\)/],
    [
      "an unknown section",
      provYaml.replace("syslog:", "sislog:"),
      /absent.yaml:7: sislog is not known here\n {2}hint: did you mean syslog/,
    ],
    [
      "a bad address",
      provYaml.replace("127.0.0.1", "here"),
      /absent.yaml:2: address is "here": write an IPv4 address/,
    ],
    ["no service", "schema: provlab/prov@1\n", /names no service/],
    [
      "a configuration that is not there",
      provYaml.replace("dhcpd.conf", "no.conf"),
      /dhcp: Can't open no.conf/,
    ],
  ])("%s", (_name, text, expected) => {
    rmSync(join(folder, "absent.yaml"), { force: true });
    if (text !== undefined) writeFileSync(join(folder, "absent.yaml"), text);
    const ran = run("serve", "-c", "absent.yaml");
    expect(ran.stderr).toMatch(expected);
    expect(ran.status).toBe(2);
  });
});
