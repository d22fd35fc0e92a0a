import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StartError } from "../../process/start-error.ts";
import { pathBelowRoot } from "../file-name.ts";
import { READ_FAILED, type TransferContent } from "../transfer-content.ts";
import { patternBytes } from "../virtual-network.testing.ts";
import { FileSource, type FileSourceOptions } from "./file-source.ts";

let base: string;
let root: string;
/** Tests write files and read them at once; so, to be kept, files must seem to be older. */
const laterMs = (): number => Date.now() + 60_000;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "provlab-tftp-"));
  root = join(base, "root");
  mkdirSync(join(root, "sub"), { recursive: true });
  writeFileSync(join(root, "boot.cfg"), "boot");
  writeFileSync(join(root, "sub", "deep.cfg"), "deep");
  writeFileSync(join(base, "secret"), "secret");
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

function source(options: Partial<FileSourceOptions> = {}): FileSource {
  return new FileSource({ root, wallMs: laterMs, ...options });
}

function contentOf(files: FileSource, name: string): TransferContent {
  const opened = files.open(name);
  if (opened.kind === "refused") throw new Error(`${name}: ${opened.message}`);
  return opened.content;
}

function read(files: FileSource, name: string): string {
  const content = contentOf(files, name);
  const target = new Uint8Array(content.size!);
  expect(content.copy(0, target, 0, target.length)).toBe(target.length);
  content.close();
  return Buffer.from(target).toString("latin1");
}

const codeOf = (files: FileSource, name: string): number | undefined => {
  const opened = files.open(name);
  return opened.kind === "refused" ? opened.code : undefined;
};

describe("the jail", () => {
  test("names below the root are served, with or without a leading slash (TFTP-6, TFTP-8)", () => {
    const files = source();
    for (const name of ["boot.cfg", "/boot.cfg", "./boot.cfg", "//boot.cfg"]) {
      expect(read(files, name)).toBe("boot");
    }
    expect(read(files, "sub//./deep.cfg")).toBe("deep");
  });

  test.each([
    "../secret",
    "sub/../../secret",
    "sub/../boot.cfg",
    "/../secret",
    "..",
    ".",
    "/",
    "a\u0000b",
    "a\nb",
    "x".repeat(256),
    `${"a/".repeat(400)}b`,
    ".provlab-incoming/root/1",
    "sub/.provlab-replaced/root/boot.cfg",
  ])("%j is an access violation", (name) => {
    expect(pathBelowRoot(name)).toBeUndefined();
    expect(codeOf(source(), name)).toBe(2);
  });

  test("links within the root work, links out of it do not", () => {
    symlinkSync("boot.cfg", join(root, "inside"));
    symlinkSync("../secret", join(root, "outside"));
    symlinkSync("/etc/passwd", join(root, "passwd"));
    symlinkSync(base, join(root, "up"));
    symlinkSync("loop", join(root, "loop"));
    symlinkSync("nowhere", join(root, "dangling"));
    const files = source();
    expect(read(files, "inside")).toBe("boot");
    const names = ["outside", "passwd", "up/secret", "up/root/boot.cfg", "loop", "dangling"];
    expect(names.map((name) => codeOf(files, name))).toEqual([2, 2, 2, undefined, 2, 1]);
  });

  test("a link that is turned outwards after its file was kept does not serve it", () => {
    symlinkSync("boot.cfg", join(root, "link"));
    const files = source();
    expect(read(files, "link")).toBe("boot");
    rmSync(join(root, "link"));
    symlinkSync("../secret", join(root, "link"));
    expect(codeOf(files, "link")).toBe(2);
  });

  test("directories, devices, pipes and sockets are refused, and nothing blocks", () => {
    execFileSync("mkfifo", [join(root, "pipe")]);
    symlinkSync("/dev/zero", join(root, "zero"));
    const files = source();
    expect(["sub", "pipe", "zero"].map((name) => codeOf(files, name))).toEqual([2, 2, 2]);
  });

  test("a root whose name only begins like ours is outside", () => {
    mkdirSync(join(base, "root2"));
    writeFileSync(join(base, "root2", "file"), "other");
    symlinkSync("../root2/file", join(root, "near"));
    expect(codeOf(source(), "near")).toBe(2);
  });

  test("what is missing is error 1", () => {
    const files = source();
    const names = ["none", "none/deeper", "boot.cfg/below", "é".repeat(200)];
    expect(names.map((name) => codeOf(files, name))).toEqual([1, 1, 1, 1]);
  });

  test.each(["none", "boot.cfg"])("a root that is no directory is refused: %s", (name) => {
    expect(() => source({ root: join(root, name) })).toThrow(StartError);
  });
});

describe("the cache of small files", () => {
  test("serves from memory, and notices every kind of change", () => {
    const files = source();
    const path = join(root, "boot.cfg");
    expect(read(files, "boot.cfg")).toBe("boot");
    expect(read(files, "boot.cfg")).toBe("boot");
    expect(files.cacheHits).toBe(1);
    appendFileSync(path, "+");
    expect(read(files, "boot.cfg")).toBe("boot+");
    writeFileSync(path, "toob-");
    utimesSync(path, 1000, 1000);
    expect(read(files, "boot.cfg")).toBe("toob-");
    writeFileSync(`${path}.new`, "newer");
    utimesSync(`${path}.new`, 1000, 1000);
    renameSync(`${path}.new`, path);
    expect(read(files, "boot.cfg")).toBe("newer");
    rmSync(path);
    expect(codeOf(files, "boot.cfg")).toBe(1);
    expect(files.cacheHits).toBe(1);
  });

  test("a file that has only just changed is not kept", () => {
    const files = source({ wallMs: () => Date.now() });
    writeFileSync(join(root, "boot.cfg"), "one");
    expect(read(files, "boot.cfg")).toBe("one");
    expect(files.cached.count).toBe(0);
  });

  test("is bounded in bytes, and forgets what was not used for longest", () => {
    const files = source({ cacheBytesMax: 10_000 });
    for (let i = 0; i < 20; i += 1) writeFileSync(join(root, `f${i}`), patternBytes(1000));
    for (let i = 0; i < 20; i += 1) {
      read(files, `f${i}`);
      read(files, "f0");
      expect(files.cached.bytes).toBeLessThanOrEqual(10_000);
    }
    expect(files.cached.count).toBe(6);
    expect(files.cacheHits).toBe(20);
  });

  test("a transfer keeps what it began with", () => {
    const files = source();
    const content = contentOf(files, "boot.cfg");
    writeFileSync(join(root, "boot.cfg"), "changed");
    const target = new Uint8Array(4);
    content.copy(0, target, 0, 4);
    expect(Buffer.from(target).toString()).toBe("boot");
  });
});

describe("large files", () => {
  const size = 300_000;

  function large(options: Partial<FileSourceOptions> = {}): FileSource {
    writeFileSync(join(root, "image"), patternBytes(size, 9));
    return source(options);
  }

  test("are read in pieces of any size, again and again, on one descriptor", () => {
    const files = large({ readAheadBytesMax: 128 * 1024 });
    const expected = patternBytes(size, 9);
    const contents = [1, 2, 3].map(() => contentOf(files, "image"));
    expect(files.openFiles).toBe(1);
    for (const content of contents) {
      const target = new Uint8Array(1428);
      for (let offset = 0; offset <= size; offset += 1428) {
        const copied = content.copy(offset, target, 0, 1428);
        const wanted = expected.subarray(offset, offset + 1428);
        expect(copied).toBe(wanted.length);
        if (Buffer.compare(target.subarray(0, copied), wanted) !== 0) {
          throw new Error(`bytes from ${offset} differ`);
        }
      }
    }
    const before = readdirSync("/proc/self/fd").length;
    for (const content of contents) content.close();
    contents[0].close();
    expect(files.openFiles).toBe(0);
    expect(readdirSync("/proc/self/fd").length).toBe(before - 1);
  });

  test("one that is replaced goes on for those who read it", () => {
    const files = large();
    const old = contentOf(files, "image");
    writeFileSync(join(root, "next"), patternBytes(size, 10));
    renameSync(join(root, "next"), join(root, "image"));
    const fresh = contentOf(files, "image");
    const [a, b] = [new Uint8Array(100), new Uint8Array(100)];
    expect([old.copy(200_000, a, 0, 100), fresh.copy(200_000, b, 0, 100)]).toEqual([100, 100]);
    expect(Buffer.compare(a, patternBytes(size, 9).subarray(200_000, 200_100))).toBe(0);
    expect(Buffer.compare(b, patternBytes(size, 10).subarray(200_000, 200_100))).toBe(0);
    for (const content of [old, fresh]) content.close();
  });

  test.each([
    ["shortened", (path: string) => truncateSync(path, 1000)],
    ["overwritten", (path: string) => writeFileSync(path, patternBytes(size, 11))],
  ])("one that is %s meanwhile is not served any more", (_how, change) => {
    const files = large();
    const content = contentOf(files, "image");
    const target = new Uint8Array(512);
    expect(content.copy(0, target, 0, 512)).toBe(512);
    change(join(root, "image"));
    utimesSync(join(root, "image"), 1000, 1000);
    expect(content.copy(200_000, target, 0, 512)).toBe(READ_FAILED);
    content.close();
  });

  test("no more than openFilesMax are open", () => {
    const files = large({ openFilesMax: 1 });
    writeFileSync(join(root, "image2"), patternBytes(size, 12));
    const content = contentOf(files, "image");
    expect(codeOf(files, "image2")).toBe(0);
    content.close();
    contentOf(files, "image2").close();
  });

  test("a second name of the same file shares its descriptor", () => {
    const files = large();
    linkSync(join(root, "image"), join(root, "alias"));
    const contents = [contentOf(files, "image"), contentOf(files, "alias")];
    expect(files.openFiles).toBe(1);
    for (const content of contents) content.close();
  });
});
