import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 as zlibCrc32 } from "node:zlib";
import { expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { crc32, type ZipEntry, zipArchive } from "./zip-archive.ts";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const entries: readonly ZipEntry[] = [
  { name: "settings.ini", bytes: ascii("[image]\n") },
  { name: "empty", bytes: new Uint8Array() },
  { name: "images/image.bin", bytes: Uint8Array.from({ length: 70_000 }, (_, i) => i * 7) },
];

test("CRC-32 of the check string of every catalogue, and of nothing", () => {
  expect(crc32(ascii("123456789"))).toBe(0xcbf4_3926);
  expect(crc32(new Uint8Array())).toBe(0);
});

const SEED = 20_261_201;
test(`CRC-32 is that of zlib, seed ${SEED}`, () => {
  const prng = new Prng(SEED, 0);
  for (let round = 0; round < 50; round += 1) {
    const bytes = Uint8Array.from({ length: prng.nextBelow(500) }, () => prng.nextBelow(256));
    expect(crc32(bytes)).toBe(zlibCrc32(bytes));
  }
});

/** Reads an archive by its central directory alone, as programs do. */
function entriesOf(archive: Uint8Array): ZipEntry[] {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = archive.length - 22;
  expect(view.getUint32(end, true)).toBe(0x0605_4b50);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  expect(at + view.getUint32(end + 12, true)).toBe(end);
  return Array.from({ length: count }, () => {
    expect(view.getUint32(at, true)).toBe(0x0201_4b50);
    const [checksum, stored, length] = [16, 20, 24].map((field) =>
      view.getUint32(at + field, true),
    );
    const nameLength = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(archive.subarray(at + 46, at + 46 + nameLength));
    const local = view.getUint32(at + 42, true);
    expect(view.getUint32(local, true)).toBe(0x0403_4b50);
    // The two headers agree: version needed to length of the extra field.
    expect(archive.slice(local + 4, local + 30)).toEqual(archive.slice(at + 6, at + 32));
    const start = local + 30 + view.getUint16(local + 26, true);
    const bytes = archive.slice(start, start + length!);
    expect(stored).toBe(length);
    expect(zlibCrc32(bytes)).toBe(checksum);
    at += 46 + nameLength;
    return { name, bytes };
  });
}

test("what is in it is found again", () => {
  expect(entriesOf(zipArchive(entries))).toEqual(entries);
  expect(entriesOf(zipArchive([]))).toEqual([]);
});

const hasPython = spawnSync("python3", ["-c", "import zipfile"]).status === 0;
test.skipIf(!hasPython)("Python's zipfile reads it (skipped without python3)", () => {
  const folder = mkdtempSync(join(tmpdir(), "provlab-zip-"));
  try {
    const file = join(folder, "test.zip");
    writeFileSync(file, zipArchive(entries));
    const program =
      "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); " +
      "print(z.testzip(), [(i.filename, i.file_size, i.compress_type) for i in z.infolist()])";
    const { stdout, stderr } = spawnSync("python3", ["-c", program, file], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout.trim()).toBe(
      "None [('settings.ini', 8, 0), ('empty', 0, 0), ('images/image.bin', 70000, 0)]",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each(["", "a b", "größe", "x".repeat(256), "a\nb"])("%j is refused as a name", (name) => {
  expect(() => zipArchive([{ name, bytes: new Uint8Array() }])).toThrow(RangeError);
});
