import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  clientPacket,
  deviceMac,
  ip,
  serverInterface,
  startSeconds,
} from "../../dhcp/decide/engine.testing.ts";
import { played } from "../../trace/trace.testing.ts";
import { QuarantineFile } from "./quarantine-file.ts";

const config = `key "omapi" { algorithm hmac-md5; secret c2VjcmV0; }
subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.250; }`;
const setup = {
  ...{ program: "prov", configFile: "test.conf", wallMs: startSeconds * 1000, monotonicMs: 0 },
  ...{ ports: { server: 67, client: 68 }, localPort: 67, interfaces: [serverInterface] },
  ...{ anyInterface: false, ownAddresses: [ip("10.9.0.1")], frameInterfaces: [] },
  ...{ broadcastAddress: 0xffff_ffff, tftpServers: undefined, serverHostName: "dhcp1" },
};

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "provlab-quarantine-"));
  path = join(folder, "dhcpd.leases.quarantine");
});
afterEach(() => rmSync(folder, { recursive: true }));

const texts = new Map([["test.conf", config]]);

function open(configTexts: ReadonlyMap<string, string> | undefined) {
  const complaints: string[] = [];
  const logger = { error: (text: string) => void complaints.push(text) };
  const file = new QuarantineFile({ path, setup, configTexts, logger });
  const keep = (device: number): void => {
    const { bytes } = clientPacket({ mac: deviceMac(device), giaddr: "10.9.0.2" });
    const from = {
      sourceAddress: ip("10.9.0.2"),
      sourcePort: 67,
      destinationAddress: ip("10.9.0.1"),
    };
    const where = { ...from, interfaceIndex: serverInterface.index };
    file.keep({ arrivedMs: device, ...where, bytes: bytes! }, startSeconds, device);
  };
  return { file, keep, complaints };
}

test("its packets play back, also while the server runs, and show what a mended server answers", () => {
  const { file, keep } = open(texts);
  expect(existsSync(path)).toBe(false);
  keep(1);
  keep(2);
  const whole = readFileSync(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(whole.toString("latin1")).not.toContain("c2VjcmV0");
  const { differences, lines } = played(whole);
  expect(differences).toBe(2);
  expect(lines.slice(1, 3)).toEqual([
    expect.stringMatching(
      /^packet 1, .*, DHCPDISCOVER from 02:10:00:00:00:01 through relay 10\.9\.0\.2/,
    ),
    "  reply: recorded none (undecidable), now DHCPOFFER 10.9.0.100",
  ]);
  file.close();
  expect(played(readFileSync(path)).lines.at(-1)).toBe(
    "2 packets, 0 replies recorded, 2 differences",
  );
});

test("a long configuration is not in it: then playing takes one", () => {
  const { keep } = open(undefined);
  keep(1);
  const bytes = readFileSync(path);
  expect(() => played(bytes)).toThrow(/has no configuration: give one by -cf\.$/);
  expect(played(bytes, config).differences).toBe(1);
});

test("it keeps a thousand packets or more, and says once that it is full", () => {
  const { keep, complaints } = open(texts);
  for (let device = 0; device < 10_000; device += 1) keep(device);
  expect(complaints).toEqual([`${path}: no further packets are kept there: it has its size`]);
  const { size } = statSync(path);
  expect(size).toBeGreaterThan(1000 * 300);
  expect(size).toBeLessThan((1 << 20) + 1000);
});

test("the file of the last start is kept beside it; anything else is left alone", () => {
  open(texts).keep(1);
  open(texts).keep(2);
  expect(readFileSync(`${path}~`).length).toBe(readFileSync(path).length);
  writeFileSync(path, "notes\n");
  const { keep, complaints } = open(texts);
  keep(3);
  keep(4);
  expect(complaints).toHaveLength(1);
  expect(complaints[0]).toContain("exists and is no trace file");
  expect(readFileSync(path, "utf8")).toBe("notes\n");
});
