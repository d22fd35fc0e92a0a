import { describe, expect, test } from "vitest";
import { encodeCmConfig } from "../../protocol/docsis/cm-config.ts";
import { encodeMtaConfig } from "../../protocol/docsis/mta-config.ts";
import { Population } from "../../scenarios/population/population.ts";
import { FileChecks } from "./file-checks.ts";
import { expectationOf } from "./file-hash.ts";

const population = new Population({
  cableModems: 2,
  mtas: 2,
  cpes: 2,
  smartMeters: 2,
  cmtsCount: 1,
});
const MODEM = 0;
const MTA = population.deviceOf(1, 0);
const METER = population.deviceOf(3, 0);
const secret = new TextEncoder().encode("shared");
const settings = [{ type: 3, value: Uint8Array.of(1) }];
const modemFile = encodeCmConfig(settings, secret);
const mtaFile = encodeMtaConfig([]);

const filesOf = (...list: readonly (readonly [string, Uint8Array])[]) =>
  list.map(([name, bytes]) => ({ name, bytes }));

/** The file with one bit of a byte turned round. */
function damaged(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] ^= 1;
  return copy;
}

/** Where the value of a TLV of the file's own begins. */
const valueAt = (bytes: Uint8Array, type: number) => {
  let at = 0;
  while (bytes[at] !== type) at += 2 + bytes[at + 1];
  return at + 2;
};

const cases: readonly (readonly [string, number, Uint8Array, string])[] = [
  ["a modem's file", MODEM, modemFile, "right"],
  ["a changed setting", MODEM, damaged(modemFile, 2), "cm-mic"],
  ["a changed CM MIC", MODEM, damaged(modemFile, valueAt(modemFile, 6)), "cm-mic"],
  ["a changed CMTS MIC", MODEM, damaged(modemFile, valueAt(modemFile, 7)), "cmts-mic"],
  ["another secret", MODEM, encodeCmConfig(settings, secret.subarray(1)), "cmts-mic"],
  ["no MICs", MODEM, Uint8Array.of(3, 1, 1, 255), "cm-mic"],
  ["an empty file", MODEM, new Uint8Array(0), "file-format"],
  ["a TLV that does not end", MODEM, modemFile.subarray(0, 20), "file-format"],
  ["an MTA's file for a modem", MODEM, mtaFile, "file-format"],
  ["an MTA's file", MTA, mtaFile, "right"],
  ["an MTA's file without its end", MTA, mtaFile.subarray(0, -3), "file-format"],
  ["a modem's file for an MTA", MTA, modemFile, "file-format"],
];

describe("FileChecks", () => {
  for (const [name, device, bytes, verdict] of cases) {
    test(`${name} is ${verdict}, seen for the first time, again, and by its hash`, () => {
      const checks = new FileChecks({
        population,
        files: filesOf(["known", bytes]),
        sharedSecret: secret,
      });
      expect(checks.examine(device, bytes)).toBe(verdict);
      expect(checks.examine(device, bytes.slice())).toBe(verdict);
      const expected = checks.expected("known")!;
      expect(expected).toEqual(expectationOf(bytes));
      expect(checks.verdictOf(device, expected)).toBe(verdict);
    });
  }

  test("the same bytes are judged by who fetches them", () => {
    const checks = new FileChecks({
      population,
      files: filesOf(["cm.cfg", modemFile]),
      sharedSecret: secret,
    });
    const expected = checks.expected("cm.cfg")!;
    expect(checks.verdictOf(MODEM, expected)).toBe("right");
    expect(checks.verdictOf(MTA, expected)).toBe("file-format");
    expect(checks.verdictOf(METER, expected)).toBe("right");
  });

  test("files of two names may be the same", () => {
    const checks = new FileChecks({
      population,
      files: filesOf(["a", modemFile], ["b", modemFile.slice()]),
      sharedSecret: secret,
    });
    for (const name of ["a", "b"]) {
      expect(checks.verdictOf(MODEM, checks.expected(name)!)).toBe("right");
    }
  });

  test("an unknown file has no expectation, and what somebody else expects no verdict", () => {
    const checks = new FileChecks({
      population,
      files: filesOf(["cm.cfg", modemFile]),
      sharedSecret: secret,
    });
    expect(checks.expected("other.cfg")).toBeUndefined();
    expect(checks.verdictOf(MODEM, expectationOf(modemFile))).toBeUndefined();
  });

  test("a server out of our hands: without the secret only the CM MIC and the format count", () => {
    const checks = new FileChecks({ population, files: [], sharedSecret: undefined });
    const verdicts = cases.map(([, device, bytes]) => checks.examine(device, bytes));
    const wanted = cases.map(([, , , verdict]) => (verdict === "cmts-mic" ? "right" : verdict));
    expect(verdicts).toEqual(wanted);
    expect(checks.expected("cm.cfg")).toBeUndefined();
  });

  test("more different files than verdicts are kept", () => {
    const checks = new FileChecks({ population, files: [], sharedSecret: secret });
    for (let round = 0; round < 2; round += 1) {
      for (let file = 0; file < 1500; file += 1) {
        const value = Uint8Array.of(file >> 8, file & 255, 0, 0);
        const bytes = encodeCmConfig([{ type: 1, value }], secret);
        if (file % 3 === 0) bytes[2] ^= 0x80;
        expect(checks.examine(MODEM, bytes)).toBe(file % 3 === 0 ? "cm-mic" : "right");
      }
    }
  });
});
