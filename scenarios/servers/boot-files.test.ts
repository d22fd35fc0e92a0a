import { crc32 } from "node:zlib";
import { unzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import {
  checkCmMic,
  checkCmtsMic,
  decodeCmConfig,
  describeCmSettings,
} from "../../protocol/docsis/cm-config.ts";
import { decodeMtaConfig } from "../../protocol/docsis/mta-config.ts";
import {
  bootFileNames,
  bootFileSecret,
  bootFilesOf,
  METER_IMAGE_BYTES_MAX,
  METER_IMAGE_BYTES_MIN,
} from "./boot-files.ts";

const plan = { seed: 7, meterImageBytes: 5001 };
const files = new Map(bootFilesOf(plan).map(({ name, bytes }) => [name, bytes]));

function fileOf(name: string): Uint8Array {
  return files.get(name) ?? expect.unreachable(name);
}

/** The names of a file's settings, without the raw ones. */
function settingNames(name: string): string[] {
  const settings = describeCmSettings(decodeCmConfig(fileOf(name)).tlvs);
  return settings.flatMap((setting) => Object.keys(setting as object));
}

test("the same plan gives the same bytes; another seed another image, and only that", () => {
  expect(bootFilesOf(plan)).toEqual(bootFilesOf({ ...plan }));
  for (const { name, bytes } of bootFilesOf({ ...plan, seed: 8 })) {
    const isSame = Buffer.compare(bytes, fileOf(name)) === 0;
    expect(isSame).toBe(name !== bootFileNames.meter);
  }
});

describe.each(Object.entries(bootFileNames.modem))(
  "the file of a DOCSIS %s modem",
  (version, name) => {
    test("is signed for the modem and for its CMTS", () => {
      expect(checkCmMic(fileOf(name))).toBe("right");
      expect(checkCmtsMic(fileOf(name), bootFileSecret)).toBe("right");
      expect(checkCmtsMic(fileOf(name), new Uint8Array())).toBe("wrong");
    });
    test("has the size of a real one, and fits one block of an Ethernet frame", () => {
      expect(fileOf(name).length).toBeGreaterThanOrEqual(300);
      expect(fileOf(name).length).toBeLessThan(1428);
    });
    test("has a class of service up to 1.0, service flows after it; every setting has a name", () => {
      const names = settingNames(name);
      expect(names).not.toContain("type");
      expect(names).toContain("networkAccess");
      expect(names).toContain("maxCpe");
      expect(names).toContain("snmpObject");
      expect(names).toContain("vendorSpecific");
      expect(names.includes("classOfService")).toBe(version === "1.0");
      expect(names.includes("upstreamServiceFlow")).toBe(version !== "1.0");
      expect(names.includes("downstreamServiceFlow")).toBe(version !== "1.0");
    });
  },
);

test("the file of an MTA has its delimiters and the hash of its contents", () => {
  const bytes = fileOf(bootFileNames.mta);
  expect([...bytes.subarray(0, 3)]).toEqual([254, 1, 1]);
  expect([...bytes.subarray(-3)]).toEqual([254, 1, 255]);
  const { tlvs, hash } = decodeMtaConfig(bytes);
  expect(hash).toEqual({ realm: "north-america", isRight: true });
  expect(tlvs.filter(({ type }) => type === 11).length).toBeGreaterThan(5);
});

test("the meter's archive has the image, of the size that was asked for, and its settings", () => {
  const archive = fileOf(bootFileNames.meter);
  const { "settings.ini": settings, "image.bin": image, ...others } = unzipSync(archive);
  expect(others).toEqual({});
  expect(image).toHaveLength(plan.meterImageBytes);
  const checksum = crc32(image!).toString(16).padStart(8, "0");
  expect(new TextDecoder().decode(settings)).toContain(
    `\nfile=image.bin\nbytes=5001\ncrc32=${checksum}\n`,
  );
  expect(archive.length - plan.meterImageBytes).toBeLessThan(600);
});

test("an image out of range is refused", () => {
  for (const meterImageBytes of [0, METER_IMAGE_BYTES_MIN - 1, METER_IMAGE_BYTES_MAX + 1, 2000.5]) {
    expect(() => bootFilesOf({ seed: 1, meterImageBytes })).toThrow(RangeError);
  }
});
