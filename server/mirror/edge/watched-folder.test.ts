import {
  type FSWatcher,
  mkdirSync,
  mkdtempSync,
  rmSync,
  utimesSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Logger, nullLogger } from "../../../base/log.ts";
import { VirtualClock } from "../../../base/virtual-clock.testing.ts";
import { WatchedFolder } from "./watched-folder.ts";

let folder: string;
let clock: VirtualClock;
let said: string[];
let watched: WatchedFolder;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "provlab-watched-"));
  clock = new VirtualClock(Date.now());
  said = [];
});

afterEach(async () => {
  await watched.close();
  rmSync(folder, { recursive: true });
});

function open(watches: (path: string, onChange: () => void) => FSWatcher): void {
  const logger: Logger = { ...nullLogger, warn: (message) => void said.push(message) };
  watched = new WatchedFolder({ name: "root", path: folder }, 2000, clock, logger, watches);
}

function put(path: string): void {
  writeFileSync(join(folder, path), path);
  utimesSync(join(folder, path), 1000, 1000);
}

const paths = async (): Promise<string[]> => [...(await watched.now()).manifest.files.keys()];

test.each(["ENOSPC", "EMFILE"])(
  "what cannot be watched (%s) is looked at every 10 s",
  async (code) => {
    open(() => {
      throw Object.assign(new Error(code), { code });
    });
    put("a");
    expect(await paths()).toEqual(["a"]);
    put("b");
    clock.advance(9999);
    expect(await paths()).toEqual(["a"]);
    clock.advance(1);
    expect(await paths()).toEqual(["a", "b"]);
    expect(said).toEqual([
      `${folder} cannot be watched (inotify: ${code}): looked at every 10 s instead`,
    ]);
  },
);

test("what is watched is looked at a second after it changed, or once a minute", async () => {
  const changes: (() => void)[] = [];
  open((path, onChange) => {
    changes.push(onChange);
    return watch(path, () => undefined);
  });
  expect(await paths()).toEqual([]);
  // A look for what changed before the watch began.
  clock.advance(1000);
  expect(await paths()).toEqual([]);
  put("a");
  clock.advance(59_999);
  expect(await paths()).toEqual([]);
  changes[0]!();
  expect(await paths()).toEqual(["a"]);
  mkdirSync(join(folder, "b"));
  put("b/c");
  clock.advance(60_000);
  expect(await paths()).toEqual(["a", "b/c"]);
  expect(changes).toHaveLength(2);
  expect(said).toEqual([]);
});

test("the system's watch tells of changes below, and of a folder that is new", async () => {
  mkdirSync(join(folder, "a"));
  open(watch);
  const sees = async (...expected: string[]): Promise<void> => {
    // Less than the minute after which it looks without being told.
    let leftMs = 50_000;
    await vi.waitFor(async () => {
      clock.advance(Math.min(leftMs, 1000));
      leftMs -= Math.min(leftMs, 1000);
      expect(await paths()).toEqual(expected);
    }, 15_000);
  };
  await sees();
  put("a/1");
  await sees("a/1");
  mkdirSync(join(folder, "b"));
  await sees("a/1");
  put("b/2");
  await sees("a/1", "b/2");
});
