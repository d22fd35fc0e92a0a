import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runAgent } from "../agent.ts";
import { captureOutput } from "../output.testing.ts";
import { runServe } from "../serve/command.ts";
import { type LogOptions, ProgramLog } from "./program-log.ts";

let folder: string;
let file: number;
const said = captureOutput();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "provlab-log-"));
  file = openSync(join(folder, "log"), "a");
});

afterEach(() => {
  closeSync(file);
  rmSync(folder, { recursive: true });
});

function logged(options: LogOptions, write: (log: ProgramLog) => void): string {
  const log = new ProgramLog(options, file);
  write(log);
  log.close();
  return readFileSync(join(folder, "log"), "utf8");
}

function readPiece(from: number): string {
  const bytes = Buffer.alloc(1 << 16);
  return bytes.toString("utf8", 0, readSync(from, bytes));
}

const time = /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe("json", () => {
  const options = { logLevel: "info", logFormat: "json" } as const;

  test("a message is a line, with time, level, service and fields", () => {
    const text = logged(options, ({ logger }) => {
      logger.info("100 %d of them: a\nb", { service: "tftp", file: "cm.cfg", tookMs: 7 });
      logger.warn("no fields");
    });
    expect(
      text
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        ...{ level: "info", time: expect.stringMatching(time), service: "tftp", file: "cm.cfg" },
        ...{ tookMs: 7, msg: "100 %d of them: a\nb" },
      },
      { level: "warn", time: expect.stringMatching(time), msg: "no fields" },
    ]);
  });

  test("no control character leaves as it is, and none is lost", () => {
    const message = "a\u001b[2J\r\u0000\u007f\u009b";
    const text = logged(options, ({ logger }) => logger.info(message, { file: message }));
    expect(text).toMatch(/^[\x20-\x7e]*\n$/);
    expect(JSON.parse(text)).toMatchObject({ msg: message, file: message });
  });
});

describe("text", () => {
  const options = { logLevel: "debug", logFormat: "text" } as const;

  test("a line has time, level, service and message", () => {
    const text = logged(options, ({ logger }) => {
      logger.info("serving on port 69", { service: "tftp", port: 69 });
      logger.debug("DHCPDISCOVER\nDHCPOFFER", { service: "dhcp" });
      logger.error("no service");
    });
    const lines = text.split("\n").map((line) => line.slice("2026-12-02T09:19:38.528Z ".length));
    expect(lines).toEqual([
      "info  tftp: serving on port 69",
      "debug dhcp: DHCPDISCOVER",
      "debug DHCPOFFER",
      "error no service",
      "",
    ]);
    expect(text.split(" ", 1)[0]).toMatch(time);
  });

  test("a name from the network cannot steer the terminal", () => {
    const text = logged(options, ({ logger }) => logger.info("a\u001b[2J\u009b"));
    expect(text).toMatch(/ info {2}a\\033\[2J\\233\n$/);
  });
});

test.each([
  ["error", ["error"]],
  ["warn", ["error", "warn"]],
  ["info", ["error", "warn", "info"]],
  ["debug", ["error", "warn", "info", "debug"]],
] as const)("--log-level %s has %j", (logLevel, levels) => {
  const text = logged({ logLevel, logFormat: "json" }, ({ logger }) => {
    for (const level of ["error", "warn", "info", "debug"] as const) logger[level]("line");
  });
  expect([...text.matchAll(/"level":"(\w+)"/g)].map(([, level]) => level)).toEqual(levels);
});

test("a warning goes out at once, and what was logged before it", () => {
  const log = new ProgramLog({ logLevel: "info", logFormat: "text" }, file);
  const text = (): string => readFileSync(join(folder, "log"), "utf8");
  log.logger.info("one");
  expect(text()).toBe("");
  log.logger.warn("two");
  expect(text()).toMatch(/one\n.* two\n$/);
  log.close();
});

test.each(["error", "debug"] as const)("what a slow reader loses is told (%s)", (logLevel) => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const both = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const log = new ProgramLog({ logLevel, logFormat: "json" }, both);
  try {
    for (let line = 0; line < 30_000; line += 1) log.logger.error("x".repeat(100));
    let text = "";
    while (!text.includes("dropped")) {
      text += readPiece(both);
      log.flush();
    }
    const last = text.split("\n").find((line) => line.includes("dropped"))!;
    expect(JSON.parse(last)).toMatchObject({
      level: "error",
      msg: expect.stringMatching(/^\d+ log lines were dropped$/),
    });
  } finally {
    log.close();
    closeSync(both);
  }
});

describe.each([
  ["prov serve", runServe, []],
  ["prov agent", runAgent, ["--etcd", "http://127.0.0.1:1", "--agents-key", "none"]],
] as const)("%s", (_name, run, args) => {
  test.each([
    ["--log-level", "loud", "error, warn, info, debug"],
    ["--log-format", "xml", "text, json"],
  ])("%s %s is refused", async (option, value, choices) => {
    expect(await run([...args, option, value])).toBe(2);
    expect(said.stderr).toContain(`'${value}' is invalid. Allowed choices are ${choices}.`);
  });
});
