import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { LogOutput } from "./log-output.ts";

const lineBytes = 1000;
const lineOf = (number: number): string => String(number).padStart(lineBytes - 1, "0");
/** More than the pipe (64 KiB) and the lines that wait (1 MiB) hold together. */
const linesTooMany = 3000;

describeUnless(process.platform === "linux" ? undefined : "no /proc", "the output of a log", () => {
  let folder: string;
  let reader: number;
  let writer: number;
  let output: LogOutput;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "provlab-log-"));
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    // As a program is given its standard error: a write to it waits for room.
    writer = openSync(pipe, constants.O_WRONLY);
    output = new LogOutput((count) => output.write(`${count} lost`), writer);
  });

  afterEach(() => {
    closeSync(writer);
    rmSync(folder, { recursive: true });
  });

  /** What is in the pipe now. */
  function read(): string {
    const bytes = Buffer.alloc(1 << 20);
    try {
      return bytes.toString("latin1", 0, readSync(reader, bytes));
    } catch {
      return "";
    }
  }

  test("lines wait for the flush and go out together", () => {
    output.write("one");
    output.write("two");
    expect(read()).toBe("");
    output.flush();
    expect(read()).toBe("one\ntwo\n");
    output.close();
    closeSync(reader);
  });

  test("a reader that does not read holds nothing up: lines are dropped, counted and told", () => {
    for (let number = 0; number < linesTooMany; number += 1) {
      output.write(lineOf(number));
      output.flush();
    }
    let text = "";
    for (let piece = read(); piece !== ""; piece = read()) {
      text += piece;
      output.flush();
    }
    const lines = text.split("\n");
    expect(lines.pop()).toBe("");
    const kept = lines.length - 1;
    expect(lines.slice(0, kept)).toEqual(
      Array.from({ length: kept }, (_, number) => lineOf(number)),
    );
    expect(lines[kept]).toBe(`${linesTooMany - kept} lost`);
    expect(kept).toBeGreaterThan(1000);
    expect(kept).toBeLessThan(1200);
    output.write("after that all is well");
    output.close();
    expect(read()).toBe("after that all is well\n");
    closeSync(reader);
  });

  test("a reader that is gone is no error", () => {
    closeSync(reader);
    output.write("nobody reads this");
    output.flush();
    output.write("nor this");
    output.close();
    output.write("and this comes too late");
    output.flush();
  });
});
