import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { VirtualClock } from "../../../base/virtual-clock.testing.ts";
import { StartError } from "../../process/start-error.ts";
import { dayOf, rotatedName } from "../rotation.ts";
import { LogFiles, type LogFilesOptions } from "./log-files.ts";

const dayMs = 86_400_000;
const startMs = Date.parse("2026-11-24T22:00:00Z");
/** The sources of a line: a device, and none for a note of ours. */
const device = [0x7f40_0001];
const note: readonly number[] = [];

let directory: string;
let errors: string[];
let warnings: string[];
let lost: number;
const opened: LogFiles[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "provlab-log-"));
  errors = [];
  warnings = [];
  lost = 0;
});
afterEach(() => {
  for (const files of opened.splice(0)) files.close();
  rmSync(directory, { recursive: true });
});

function open(unixMs: number, options: Partial<LogFilesOptions> = {}): LogFiles {
  const silent = (): void => undefined;
  const files = new LogFiles(
    {
      paths: [join(directory, "a.log"), join(directory, "b.log")],
      daysKept: 90,
      totalBytesMax: 10_000_000_000,
      logger: {
        error: (line) => errors.push(line),
        warn: (line) => warnings.push(line),
        info: silent,
        debug: silent,
      },
      onLost: (lines) => {
        lost += lines;
      },
      ...options,
    },
    unixMs,
  );
  opened.push(files);
  return files;
}

const read = (name: string): string => readFileSync(join(directory, name), "utf8");

test("lines reach their file with the flush, after what is there", () => {
  writeFileSync(join(directory, "a.log"), "before\n");
  utimesSync(join(directory, "a.log"), startMs / 1000, startMs / 1000);
  const files = open(startMs);
  files.append(0, "one", startMs, device);
  files.append(1, "zwei ü", startMs, device);
  files.append(0, "two", startMs, device);
  expect(read("a.log")).toBe("before\n");
  files.flush(startMs);
  expect(read("a.log")).toBe("before\none\ntwo\n");
  expect(read("b.log")).toBe("zwei ü\n");
  expect(statSync(join(directory, "b.log")).mode & 0o777).toBe(0o640);
});

test("closing writes what has gathered", () => {
  const files = open(startMs);
  files.append(0, "last words", startMs, device);
  files.close();
  expect(read("a.log")).toBe("last words\n");
});

test("LOG-4: at midnight a line begins the next day's file, and the ones before keep theirs", () => {
  const clock = new VirtualClock(startMs);
  const files = open(clock.wallMs());
  files.append(0, "24th", clock.wallMs(), device);
  clock.advance(2 * 3_600_000 - 1);
  files.append(0, "24th, last", clock.wallMs(), device);
  clock.advance(1);
  files.append(0, "25th", clock.wallMs(), device);
  files.flush(clock.wallMs());
  expect(read("a.log-20261124")).toBe("24th\n24th, last\n");
  expect(read("a.log")).toBe("25th\n");
  // Nothing was said in it: there is no file for that day.
  expect(readdirSync(directory).toSorted()).toEqual(["a.log", "a.log-20261124", "b.log"]);
});

test("LOG-4: a day without a message turns too", () => {
  const files = open(startMs);
  files.append(0, "24th", startMs, device);
  files.maintain(startMs + dayMs);
  expect(read("a.log-20261124")).toBe("24th\n");
  expect(read("a.log")).toBe("");
});

test("PERF-2: after 200 days there are 90 files of days that are over", () => {
  const clock = new VirtualClock(startMs);
  const files = open(clock.wallMs());
  writeFileSync(join(directory, "a.log-notes"), "not ours");
  for (let day = 0; day < 200; day += 1) {
    files.append(0, `day ${day}`, clock.wallMs(), device);
    files.maintain(clock.wallMs());
    clock.advance(dayMs);
  }
  const rotated = readdirSync(directory).filter((name) => /^a\.log-\d{8}$/.test(name));
  expect(rotated).toHaveLength(90);
  const oldest = dayOf(startMs) + 199 - 90;
  expect(rotated.toSorted()[0]).toBe(rotatedName("a.log", oldest, 0));
  expect(read(rotatedName("a.log", oldest, 0))).toBe("day 109\n");
  expect(existsSync(join(directory, "a.log-notes"))).toBe(true);
});

test("a restart on a later day finds yesterday's file and gives it its day", () => {
  const first = open(startMs);
  first.append(0, "24th", startMs, device);
  first.close();
  utimesSync(join(directory, "a.log"), startMs / 1000, startMs / 1000);
  const second = open(startMs + 3 * dayMs);
  second.append(0, "27th", startMs + 3 * dayMs, device);
  second.flush(startMs + 3 * dayMs);
  expect(read("a.log-20261124")).toBe("24th\n");
  expect(read("a.log")).toBe("27th\n");
});

describe("a clock that is set", () => {
  test("back over midnight writes on, and no file replaces another", () => {
    const files = open(startMs + dayMs);
    files.append(0, "25th", startMs + dayMs, device);
    files.append(0, "24th again", startMs, device);
    files.append(0, "26th", startMs + 2 * dayMs, device);
    files.flush(startMs);
    expect(read("a.log-20261125")).toBe("25th\n24th again\n");
    expect(read("a.log")).toBe("26th\n");
  });

  test("ten years ahead and back again rotates on, and erases nothing", () => {
    const files = open(startMs);
    files.append(0, "24th", startMs, device);
    files.append(0, "2036", startMs + 3652 * dayMs, device);
    files.append(0, "24th again", startMs + 1000, device);
    files.append(0, "25th", startMs + dayMs, device);
    files.flush(startMs);
    expect(read("a.log-20261124")).toBe("24th\n");
    expect(read("a.log-20261124.1")).toBe("2036\n24th again\n");
    expect(read("a.log")).toBe("25th\n");
  });
});

test("more than a megabyte does not wait for the flush", () => {
  const files = open(startMs);
  for (let line = 0; line < 600; line += 1) files.append(0, "x".repeat(2000), startMs, device);
  expect(statSync(join(directory, "a.log")).size).toBeGreaterThan(1_000_000);
});

describe("the limit for a day", () => {
  const line = "x".repeat(99);
  /** Three days and today have 800 bytes each, of which an eighth is left for notes: 7 lines of 100 bytes. */
  const limits = { daysKept: 3, totalBytesMax: 3200 };

  const rotated = (): string[] =>
    readdirSync(directory)
      .filter((name) => name.includes(".log-"))
      .toSorted();

  const bytesOfAll = (): number =>
    readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);

  /** A line of each of so many devices: what became of them. */
  function appendOfEach(files: LogFiles, devices: number, unixMs: number) {
    const outcomes = { kept: 0, share: 0, "day-full": 0 };
    for (let source = 1; source <= devices; source += 1) {
      outcomes[files.append(source % 2, line, unixMs, [source])] += 1;
      files.flush(unixMs);
    }
    return outcomes;
  }

  test("holds for all its files together; the next day has room again, and no other day goes", () => {
    const files = open(startMs, limits);
    for (let day = 0; day < 6; day += 1) {
      expect(appendOfEach(files, 20, startMs + day * dayMs)).toEqual({
        ...{ kept: 7, share: 0, "day-full": 13 },
      });
    }
    files.maintain(startMs + 6 * dayMs);
    expect(rotated().map((name) => name.slice(0, -2))).toEqual(
      ["a", "a", "a", "b", "b", "b"].map((name) => `${name}.log-202611`),
    );
    expect(rotated()).toContain("a.log-20261129");
    expect(bytesOfAll()).toBe(3 * 700);
    expect(warnings).toEqual([]);
    expect(errors).toHaveLength(6);
    expect(errors[0]).toContain("until midnight UTC: the logs of one day have 800 bytes at most");
  });

  test("one source has half of it, and the others have the rest", () => {
    const files = open(startMs, limits);
    for (let sent = 0; sent < 3; sent += 1) {
      expect(files.append(sent % 2, line, startMs, [1])).toBe("kept");
    }
    expect(files.append(0, line, startMs, [1])).toBe("kept");
    expect(files.append(1, line, startMs, [1])).toBe("share");
    expect(files.append(1, line, startMs, [2])).toBe("kept");
    expect(files.append(0, line, startMs + dayMs, [1])).toBe("kept");
    expect(errors).toEqual([]);
  });

  test("what is in the files at the start counts", () => {
    writeFileSync(join(directory, "a.log"), "x".repeat(650));
    utimesSync(join(directory, "a.log"), startMs / 1000, startMs / 1000);
    const files = open(startMs, limits);
    expect(files.append(1, line, startMs, device)).toBe("day-full");
    expect(files.append(1, "short", startMs, device)).toBe("kept");
  });

  test("notes have their room and no more", () => {
    const files = open(startMs, limits);
    appendOfEach(files, 20, startMs);
    expect(files.append(0, line, startMs, note)).toBe("kept");
    expect(files.append(0, "", startMs, note)).toBe("day-full");
    files.flush(startMs);
    expect(bytesOfAll()).toBe(800);
  });

  test("bytes count, not characters", () => {
    const files = open(startMs, limits);
    expect(files.append(0, "ü".repeat(300), startMs, [1])).toBe("kept");
    expect(files.append(0, "ü".repeat(50), startMs, [2])).toBe("day-full");
  });

  test("PERF-2: where the total is too small for older days, those beyond the limit go first, and a line says so", () => {
    writeFileSync(join(directory, "a.log-20261121"), "x".repeat(800));
    writeFileSync(join(directory, "a.log-20261122"), "x".repeat(900));
    writeFileSync(join(directory, "b.log-20261122"), "x".repeat(500));
    writeFileSync(join(directory, "b.log-20261123"), "x".repeat(900));
    const files = open(startMs, limits);
    expect(appendOfEach(files, 20, startMs)).toMatchObject({ kept: 7 });
    expect(rotated()).toEqual(["a.log-20261121", "b.log-20261122", "b.log-20261123"]);
    expect(warnings).toEqual([
      "Removed 1 of the old logs, a.log-20261122: " +
        "all logs together have 3200 bytes at most (totalBytesMax).",
    ]);
    expect(bytesOfAll()).toBeLessThanOrEqual(3200);
  });

  test("what others remove makes room, and no day goes for it", () => {
    writeFileSync(join(directory, "a.log-20261122"), "x".repeat(2000));
    writeFileSync(join(directory, "a.log-20261123"), "x".repeat(1000));
    const files = open(startMs, limits);
    unlinkSync(join(directory, "a.log-20261123"));
    expect(appendOfEach(files, 7, startMs)).toMatchObject({ kept: 7 });
    expect(rotated()).toEqual(["a.log-20261122"]);
    expect(warnings).toEqual([]);
  });
});

test("a file that was moved or removed by others is made anew", () => {
  const files = open(startMs);
  files.append(0, "one", startMs, device);
  files.flush(startMs);
  renameSync(join(directory, "a.log"), join(directory, "a.log.moved"));
  unlinkSync(join(directory, "b.log"));
  files.append(0, "two", startMs, device);
  files.maintain(startMs);
  files.append(0, "three", startMs, device);
  files.append(1, "b", startMs, device);
  files.flush(startMs);
  expect(read("a.log.moved")).toBe("one\ntwo\n");
  expect(read("a.log")).toBe("three\n");
  expect(read("b.log")).toBe("b\n");
});

test.skipIf(!existsSync("/dev/full"))("a full disk loses lines, counts them, says so once", () => {
  symlinkSync("/dev/full", join(directory, "a.log"));
  const files = open(startMs);
  for (let second = 0; second < 5; second += 1) {
    files.append(0, "lost", startMs + second * 1000, device);
    files.append(0, "lost too", startMs + second * 1000, device);
    files.append(1, "kept", startMs + second * 1000, device);
    files.flush(startMs + second * 1000);
  }
  expect(lost).toBe(10);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain(`Cannot write to the log file ${join(directory, "a.log")}`);
  expect(read("b.log")).toBe("kept\n".repeat(5));
});

test("a directory that goes away does not stop the service", () => {
  const files = open(startMs);
  const moved = `${directory}-moved`;
  renameSync(directory, moved);
  files.append(0, "still written", startMs, device);
  files.maintain(startMs);
  files.append(0, "and this", startMs + 1, device);
  files.append(0, "next day", startMs + dayMs, device);
  files.flush(startMs + dayMs);
  expect(errors.length).toBeGreaterThan(0);
  renameSync(moved, directory);
  files.maintain(startMs + dayMs);
  expect(read("a.log")).toBe("still written\nand this\nnext day\n");
});

test("a file that cannot be opened is a StartError that names it", () => {
  mkdirSync(join(directory, "b.log"));
  expect(() => open(startMs)).toThrow(StartError);
  expect(() => open(startMs)).toThrow(`${join(directory, "b.log")}: Is a directory`);
});
