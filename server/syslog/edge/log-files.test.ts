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
      fileBytesMax: 1_000_000,
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
  files.append(0, "one", startMs);
  files.append(1, "zwei ü", startMs);
  files.append(0, "two", startMs);
  expect(read("a.log")).toBe("before\n");
  files.flush(startMs);
  expect(read("a.log")).toBe("before\none\ntwo\n");
  expect(read("b.log")).toBe("zwei ü\n");
  expect(statSync(join(directory, "b.log")).mode & 0o777).toBe(0o640);
});

test("closing writes what has gathered", () => {
  const files = open(startMs);
  files.append(0, "last words", startMs);
  files.close();
  expect(read("a.log")).toBe("last words\n");
});

test("LOG-4: at midnight a line begins the next day's file, and the ones before keep theirs", () => {
  const clock = new VirtualClock(startMs);
  const files = open(clock.wallMs());
  files.append(0, "24th", clock.wallMs());
  clock.advance(2 * 3_600_000 - 1);
  files.append(0, "24th, last", clock.wallMs());
  clock.advance(1);
  files.append(0, "25th", clock.wallMs());
  files.flush(clock.wallMs());
  expect(read("a.log-20261124")).toBe("24th\n24th, last\n");
  expect(read("a.log")).toBe("25th\n");
  // Nothing was said in it: there is no file for that day.
  expect(readdirSync(directory).toSorted()).toEqual(["a.log", "a.log-20261124", "b.log"]);
});

test("LOG-4: a day without a message turns too", () => {
  const files = open(startMs);
  files.append(0, "24th", startMs);
  files.maintain(startMs + dayMs);
  expect(read("a.log-20261124")).toBe("24th\n");
  expect(read("a.log")).toBe("");
});

test("PERF-2: after 200 days there are 90 files of days that are over", () => {
  const clock = new VirtualClock(startMs);
  const files = open(clock.wallMs());
  writeFileSync(join(directory, "a.log-notes"), "not ours");
  for (let day = 0; day < 200; day += 1) {
    files.append(0, `day ${day}`, clock.wallMs());
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
  first.append(0, "24th", startMs);
  first.close();
  utimesSync(join(directory, "a.log"), startMs / 1000, startMs / 1000);
  const second = open(startMs + 3 * dayMs);
  second.append(0, "27th", startMs + 3 * dayMs);
  second.flush(startMs + 3 * dayMs);
  expect(read("a.log-20261124")).toBe("24th\n");
  expect(read("a.log")).toBe("27th\n");
});

describe("a clock that is set", () => {
  test("back over midnight writes on, and no file replaces another", () => {
    const files = open(startMs + dayMs);
    files.append(0, "25th", startMs + dayMs);
    files.append(0, "24th again", startMs);
    files.append(0, "26th", startMs + 2 * dayMs);
    files.flush(startMs);
    expect(read("a.log-20261125")).toBe("25th\n24th again\n");
    expect(read("a.log")).toBe("26th\n");
  });

  test("ten years ahead and back again rotates on, and erases nothing", () => {
    const files = open(startMs);
    files.append(0, "24th", startMs);
    files.append(0, "2036", startMs + 3652 * dayMs);
    files.append(0, "24th again", startMs + 1000);
    files.append(0, "25th", startMs + dayMs);
    files.flush(startMs);
    expect(read("a.log-20261124")).toBe("24th\n");
    expect(read("a.log-20261124.1")).toBe("2036\n24th again\n");
    expect(read("a.log")).toBe("25th\n");
  });
});

describe("bounds", () => {
  test("a full file drops lines until the next day", () => {
    const files = open(startMs, { fileBytesMax: 10 });
    expect(files.append(0, "123456789", startMs)).toBe("kept");
    expect(files.append(0, "", startMs)).toBe("file-full");
    files.flush(startMs);
    expect(files.append(0, "x", startMs)).toBe("file-full");
    expect(files.append(1, "x", startMs)).toBe("kept");
    expect(files.append(0, "x", startMs + dayMs)).toBe("kept");
    files.flush(startMs + dayMs);
    expect(read("a.log-20261124")).toBe("123456789\n");
    expect(read("a.log")).toBe("x\n");
  });

  test("what is in the file at the start counts", () => {
    writeFileSync(join(directory, "a.log"), "12345678\n");
    utimesSync(join(directory, "a.log"), startMs / 1000, startMs / 1000);
    const files = open(startMs, { fileBytesMax: 10 });
    expect(files.append(0, "1", startMs)).toBe("file-full");
  });

  test("more than a megabyte does not wait for the flush", () => {
    const files = open(startMs, { fileBytesMax: 1e9 });
    for (let line = 0; line < 600; line += 1) files.append(0, "x".repeat(2000), startMs);
    expect(statSync(join(directory, "a.log")).size).toBeGreaterThan(1_000_000);
  });
});

describe("the bound on all files together", () => {
  const line = "x".repeat(99);
  /** An eighth of it is left for notes: 40 lines of 100 bytes fit into the rest. */
  const totalBytesMax = 4600;

  const rotated = (): string[] =>
    readdirSync(directory)
      .filter((name) => name.includes(".log-"))
      .toSorted();

  const bytesOfAll = (): number =>
    readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);

  /** Three days that are over, each with 13 lines in two files: 3,900 bytes. */
  function openAfterThreeDays(): { files: LogFiles; nowMs: number } {
    const files = open(startMs, { totalBytesMax: 100_000 });
    for (let day = 0; day < 3; day += 1) {
      for (let count = 0; count < 8; count += 1) {
        files.append(0, line, startMs + day * dayMs);
        if (count < 5) files.append(1, line, startMs + day * dayMs);
      }
    }
    const nowMs = startMs + 3 * dayMs;
    files.maintain(nowMs);
    files.close();
    return { files: open(nowMs, { totalBytesMax }), nowMs };
  }

  test("PERF-2: below it nothing goes", () => {
    const { files, nowMs } = openAfterThreeDays();
    expect(files.append(0, "room for a short one", nowMs)).toBe("kept");
    expect(rotated()).toHaveLength(6);
    expect(warnings).toEqual([]);
  });

  test("the oldest day goes first, its longest file before the others, and a line says so", () => {
    const { files, nowMs } = openAfterThreeDays();
    for (let count = 0; count < 5; count += 1) {
      expect(files.append(1, line, nowMs)).toBe("kept");
    }
    expect(rotated()).toEqual([
      "a.log-20261125",
      "a.log-20261126",
      "b.log-20261124",
      "b.log-20261125",
      "b.log-20261126",
    ]);
    expect(warnings).toEqual([
      "Removed 1 of the oldest logs, a.log-20261124: " +
        "all logs together have 4600 bytes at most (totalBytesMax).",
    ]);
    files.flush(nowMs);
    expect(bytesOfAll()).toBeLessThanOrEqual(totalBytesMax);
  });

  test("a flood takes the old days, then is dropped, until the day has turned", () => {
    const { files, nowMs } = openAfterThreeDays();
    const outcomes = { kept: 0, "file-full": 0, "total-full": 0 };
    for (let count = 0; count < 1000; count += 1) {
      outcomes[files.append(count % 2, line, nowMs + count)] += 1;
      if (count % 10 === 0) files.flush(nowMs + count);
    }
    files.flush(nowMs);
    expect(outcomes).toEqual({ kept: 40, "file-full": 0, "total-full": 960 });
    expect(rotated()).toEqual([]);
    expect(files.isFull).toBe(true);
    expect(bytesOfAll()).toBe(4000);
    expect(errors).toEqual([
      expect.stringContaining("Messages are dropped, for all logs together"),
    ]);
    // There is room for one that tells of it.
    expect(files.append(0, line, nowMs, true)).toBe("kept");
    expect(files.append(0, "", nowMs)).toBe("total-full");

    const tomorrowMs = nowMs + dayMs;
    expect(files.append(0, line, tomorrowMs)).toBe("kept");
    expect(files.isFull).toBe(false);
    expect(rotated()).toEqual(["b.log-20261127"]);
    files.flush(tomorrowMs);
    expect(bytesOfAll()).toBeLessThanOrEqual(totalBytesMax);
  });

  test("notes have their room and no more", () => {
    const files = open(startMs, { totalBytesMax });
    let notes = 0;
    while (files.append(0, line, startMs) === "kept");
    while (files.append(0, line, startMs, true) === "kept") notes += 1;
    expect(notes).toBe(6);
    files.flush(startMs);
    expect(bytesOfAll()).toBe(4600);
  });

  test("what others remove makes room, and no day goes for it", () => {
    const { files, nowMs } = openAfterThreeDays();
    unlinkSync(join(directory, "a.log-20261126"));
    for (let count = 0; count < 5; count += 1) files.append(0, line, nowMs);
    expect(rotated()).toHaveLength(5);
    expect(warnings).toEqual([]);
  });

  test("when others make room again, it is seen after a while", () => {
    const files = open(startMs, { totalBytesMax });
    writeFileSync(join(directory, "a.log-20260101"), "");
    while (files.append(0, line, startMs) === "kept");
    unlinkSync(join(directory, "a.log"));
    files.maintain(startMs);
    expect(files.append(0, line, startMs + 9999)).toBe("total-full");
    expect(files.append(0, line, startMs + 10_000)).toBe("kept");
    expect(errors).toHaveLength(1);
  });

  test("bytes count, not characters", () => {
    const files = open(startMs, { totalBytesMax: 800 });
    expect(files.append(0, "ü".repeat(300), startMs)).toBe("kept");
    expect(files.append(0, "ü".repeat(50), startMs)).toBe("total-full");
  });
});

test("a file that was moved or removed by others is made anew", () => {
  const files = open(startMs);
  files.append(0, "one", startMs);
  files.flush(startMs);
  renameSync(join(directory, "a.log"), join(directory, "a.log.moved"));
  unlinkSync(join(directory, "b.log"));
  files.append(0, "two", startMs);
  files.maintain(startMs);
  files.append(0, "three", startMs);
  files.append(1, "b", startMs);
  files.flush(startMs);
  expect(read("a.log.moved")).toBe("one\ntwo\n");
  expect(read("a.log")).toBe("three\n");
  expect(read("b.log")).toBe("b\n");
});

test.skipIf(!existsSync("/dev/full"))("a full disk loses lines, counts them, says so once", () => {
  symlinkSync("/dev/full", join(directory, "a.log"));
  const files = open(startMs);
  for (let second = 0; second < 5; second += 1) {
    files.append(0, "lost", startMs + second * 1000);
    files.append(0, "lost too", startMs + second * 1000);
    files.append(1, "kept", startMs + second * 1000);
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
  files.append(0, "still written", startMs);
  files.maintain(startMs);
  files.append(0, "and this", startMs + 1);
  files.append(0, "next day", startMs + dayMs);
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
