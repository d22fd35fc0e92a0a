import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Logger } from "../../../base/log.ts";
import { VirtualClock } from "../../../base/virtual-clock.testing.ts";
import {
  checkCmMic,
  checkCmtsMic,
  decodeCmConfig,
  describeCmSettings,
} from "../../../protocol/docsis/cm-config.ts";
import { parseIpv4 } from "../../../protocol/ipv4.ts";
import { StartError } from "../../process/start-error.ts";
import { DeviceFiles, type DeviceFilesOptions } from "./device-files.ts";

const examples = resolve(import.meta.dirname, "../../../examples/device-files");
const secret = "a secret that nobody may read";
const client = parseIpv4("10.32.8.1")!;
const residential = "cm-021000000001.cfg";
const business = "cm-021000000002.cfg";

let folder: string;
let clock: VirtualClock;
let said: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "provlab-device-files-"));
  cpSync(examples, folder, { recursive: true });
  mkdirSync(join(folder, "root"));
  writeFileSync(join(folder, "cmts-secret"), `${secret}\n`);
  // Far enough on for a file of this moment not to be a young one.
  clock = new VirtualClock(Date.now() + 60_000);
  said = [];
});

afterEach(() => {
  rmSync(folder, { recursive: true });
  expect(said.join("\n")).not.toContain(secret);
});

function filesOf(options: Partial<DeviceFilesOptions> = {}): DeviceFiles {
  const add = (level: string) => (message: string) =>
    said.push(`${level}: ${message.replaceAll(folder, "")}`);
  const logger: Logger = {
    error: add("error"),
    warn: add("warn"),
    info: add("info"),
    debug: add("debug"),
  };
  return new DeviceFiles({
    pattern: "cm-{mac}.cfg",
    registrations: join(folder, "registrations.json"),
    templates: join(folder, "templates"),
    sharedSecretFile: join(folder, "cmts-secret"),
    boundToAddress: false,
    root: join(folder, "root"),
    clock,
    logger,
    ...options,
  });
}

function bytesOf(files: DeviceFiles, name: string, address = client): Uint8Array {
  const bytes = files.make(name, address);
  if (bytes === undefined) throw new Error(`${name} is not a device's file`);
  return bytes;
}

/** One setting of a file, by its name. */
function setting(bytes: Uint8Array, name: string): unknown {
  return describeCmSettings(decodeCmConfig(bytes).tlvs)
    .map((one) => (one as Record<string, unknown>)[name])
    .find((value) => value !== undefined);
}

function change(name: string, text: string): void {
  // A new file, as careful programs write it: its number tells it apart, whatever the clock.
  writeFileSync(join(folder, `${name}.new`), text);
  renameSync(join(folder, `${name}.new`), join(folder, name));
}

const later = (): void => clock.advance(1000);
const asBytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const template = (maxCpe: number): string =>
  JSON.stringify({ kind: "cable-modem", settings: [{ maxCpe }] });
const registrations = (...devices: object[]): string =>
  JSON.stringify({ schema: "provlab/registrations@1", devices });

describe("the file of a device", () => {
  test("is the template with the device's settings laid over, signed with both MICs (SYS-8)", () => {
    const files = filesOf();
    const plain = bytesOf(files, residential);
    const own = bytesOf(files, business);
    for (const bytes of [plain, own]) {
      expect(checkCmMic(bytes)).toBe("right");
      expect(checkCmtsMic(bytes, asBytes(secret))).toBe("right");
      expect(checkCmtsMic(bytes, asBytes("another"))).toBe("wrong");
    }
    expect(setting(plain, "maxCpe")).toBe(4);
    expect(setting(plain, "upstreamServiceFlow")).toMatchObject({ maxSustainedRate: 20_000_000 });
    expect(setting(own, "maxCpe")).toBe(16);
    expect(setting(own, "upstreamServiceFlow")).toMatchObject({
      reference: 1,
      trafficPriority: 5,
      maxSustainedRate: 200_000_000,
      minReservedRate: 10_000_000,
    });
    expect(setting(own, "snmpObject")).toMatchObject({ text: "7 Harbour Road" });
    expect(said).toEqual(["info: TFTP makes cm-{mac}.cfg on demand: 2 devices with 2 templates"]);
  });

  test("is not there for a device that is not registered, or under another name", () => {
    const files = filesOf();
    for (const name of ["cm-021000000003.cfg", "cm-.cfg", "other.cfg", "../cm-021000000001.cfg"]) {
      expect(files.make(name, client)).toBeUndefined();
    }
  });

  test("is made once, and again when it had to be forgotten", () => {
    const files = filesOf({ keptBytesMax: 1000 });
    const first = bytesOf(files, residential);
    expect(bytesOf(files, "cm-2:10:0:0:0:1.cfg")).toBe(first);
    bytesOf(files, business);
    const second = bytesOf(files, residential);
    expect(second).not.toBe(first);
    expect(second).toEqual(first);
  });

  test("names the modem's address when it is bound to it", () => {
    const files = filesOf({ boundToAddress: true });
    const other = parseIpv4("10.32.8.2")!;
    const bytes = bytesOf(files, residential);
    expect(setting(bytes, "tftpModemAddress")).toBe("10.32.8.1");
    expect(setting(bytesOf(files, residential, other), "tftpModemAddress")).toBe("10.32.8.2");
    expect(bytesOf(files, residential)).toBe(bytes);
    expect(checkCmtsMic(bytes, asBytes(secret))).toBe("right");
  });

  test("is signed with an empty secret for a CMTS that has none", () => {
    const bytes = bytesOf(filesOf({ sharedSecretFile: undefined }), residential);
    expect(checkCmtsMic(bytes, new Uint8Array())).toBe("right");
  });

  test("that would be too long is refused with the reason", () => {
    const long = (type: number): object => ({ type, hex: "00".repeat(200) });
    const group = (...fields: object[]): object => ({
      vendorSpecific: [{ vendorId: "00000c" }, ...fields],
    });
    change(
      "templates/long.json",
      JSON.stringify({ kind: "cable-modem", settings: [group(long(9))] }),
    );
    change(
      "registrations.json",
      registrations({ mac: "021000000001", template: "long", settings: [group(long(10))] }),
    );
    const files = filesOf();
    expect(() => files.make(residential, client)).toThrow(/TLV 43 has 409 bytes, the most is 255/);
  });
});

describe("changes are noticed without a restart", () => {
  test("of a template, a second later", () => {
    const files = filesOf();
    const before = bytesOf(files, residential);
    change("templates/residential.json", template(7));
    expect(bytesOf(files, residential)).toBe(before);
    later();
    expect(setting(bytesOf(files, residential), "maxCpe")).toBe(7);
    expect(said.at(-1)).toBe(
      "info: /templates/residential.json: has changed, and is in use as it is now",
    );
    later();
    bytesOf(files, residential);
    expect(said).toHaveLength(2);
  });

  test("of the registrations, and of the templates that they name", () => {
    const files = filesOf();
    bytesOf(files, business);
    change("templates/new.json", template(9));
    const mac = "021000000001";
    change("registrations.json", registrations({ mac, template: "new" }));
    later();
    expect(setting(bytesOf(files, residential), "maxCpe")).toBe(9);
    expect(files.make(business, client)).toBeUndefined();
    change("registrations.json", registrations({ mac, template: "newer" }));
    later();
    expect(() => files.make(residential, client)).toThrow(/newer.json: No such file or directory/);
    change("templates/newer.json", template(11));
    expect(setting(bytesOf(files, residential), "maxCpe")).toBe(11);
  });

  test("of the secret", () => {
    const files = filesOf();
    bytesOf(files, residential);
    change("cmts-secret", "another");
    later();
    expect(checkCmtsMic(bytesOf(files, residential), asBytes("another"))).toBe("right");
  });

  test("but not in the moment in which a file is being written", () => {
    let ageMs = 1000;
    const path = join(folder, "templates", "residential.json");
    const wallMs = (): number => statSync(path).ctimeMs + ageMs;
    const files = filesOf({ clock: { wallMs, monotonicMs: () => clock.monotonicMs() } });
    const before = bytesOf(files, residential);
    writeFileSync(path, template(7).slice(0, 20));
    ageMs = 49;
    later();
    expect(bytesOf(files, residential)).toBe(before);
    writeFileSync(path, template(7));
    ageMs = 50;
    later();
    expect(setting(bytesOf(files, residential), "maxCpe")).toBe(7);
    expect(said).toHaveLength(2);
  });

  test.each([
    [
      "templates/residential.json",
      '{\n"kind": x',
      /is not JSON: Unexpected token 'x', in or after line 1/,
    ],
    ["templates/residential.json", template(0), /settings\[0\]\.maxCpe must be a whole number/],
    ["registrations.json", registrations({ mac: "x" }), /devices\[0\]\.mac must be a MAC/],
    ["cmts-secret", "\n", /is empty/],
    ["cmts-secret", "x".repeat(5000), /has 5000 bytes, the most is 4096/],
  ])("a broken %s: what it said before stays, and the log says why, once", (name, text, reason) => {
    const files = filesOf();
    const before = bytesOf(files, residential);
    change(name, text);
    for (let look = 0; look < 3; look += 1) {
      later();
      expect(bytesOf(files, residential)).toEqual(before);
    }
    expect(said.slice(1)).toEqual([expect.stringMatching(reason)]);
    expect(said[1]).toMatch(`error: /${name}: what it said before stays in use: `);
  });

  test("a file that is gone: likewise, until it is there again", () => {
    const files = filesOf();
    const path = join(folder, "templates/residential.json");
    rmSync(path);
    for (let look = 0; look < 3; look += 1) {
      later();
      expect(setting(bytesOf(files, residential), "maxCpe")).toBe(4);
    }
    mkdirSync(path);
    later();
    bytesOf(files, residential);
    rmSync(path, { recursive: true });
    symlinkSync(path, path);
    later();
    bytesOf(files, residential);
    change("templates/residential.json", template(8));
    later();
    expect(setting(bytesOf(files, residential), "maxCpe")).toBe(8);
    expect(said.slice(1)).toEqual([
      expect.stringMatching(/residential.json: what it said before .* No such file/),
      expect.stringMatching(/residential.json: what it said before .* is not a regular file/),
      expect.stringMatching(/residential.json: what it said before .* ELOOP/),
      expect.stringMatching(/residential.json: has changed/),
    ]);
  });
});

describe("what an operator mends before it starts", () => {
  test.each<[string, () => Partial<DeviceFilesOptions>, RegExp]>([
    ["no registrations", () => ({ registrations: join(folder, "no") }), /no: No such file/],
    ["no templates", () => ({ templates: join(folder, "no") }), /no: No such file/],
    ["no secret", () => ({ sharedSecretFile: join(folder, "no") }), /no: No such file/],
    [
      "a pattern without a MAC",
      () => ({ pattern: "cm.cfg" }),
      /must be a file name below the root/,
    ],
    [
      "a template that is named and not there",
      () => {
        rmSync(join(folder, "templates/business.json"));
        return {};
      },
      /business.json: No such file or directory/,
    ],
    [
      "a secret that every client could fetch",
      () => ({ root: folder }),
      /lies below .*, where every client could fetch it by TFTP/,
    ],
    [
      "the same behind a link",
      () => {
        writeFileSync(join(folder, "root", "secret"), secret);
        symlinkSync(join(folder, "root", "secret"), join(folder, "link"));
        return { sharedSecretFile: join(folder, "link") };
      },
      /link: lies below/,
    ],
  ])("%s", (_name, options, message) => {
    const given = options();
    expect(() => filesOf(given)).toThrow(StartError);
    expect(() => filesOf(given)).toThrow(message);
  });
});
