import { expect, test } from "vitest";
import { type LogLine, nullLogger } from "../../base/log.ts";
import { ThreadLog, writeLines } from "./thread-log.ts";

const linesMax = 4096;

function threadLog(least: "debug" | "warn" = "debug") {
  const posted: (readonly LogLine[])[] = [];
  const underWay = new SharedArrayBuffer(4);
  const log = new ThreadLog(least, underWay, (lines) => posted.push(lines));
  return { log, posted, underWay, messages: () => posted.flat().map(({ message }) => message) };
}

test("the lines of a turn are posted together, with their fields", async () => {
  const { log, posted } = threadLog();
  log.logger.info("one", { file: "a" });
  log.logger.debug("two");
  expect(posted).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(posted).toEqual([
    [
      { level: "info", message: "one", fields: { file: "a" } },
      { level: "debug", message: "two", fields: undefined },
    ],
  ]);
});

test.each(["error", "warn"] as const)("%s is posted at once, behind what was before", (level) => {
  const { log, messages } = threadLog();
  log.logger.info("before");
  log.logger[level]("trouble");
  expect(messages()).toEqual(["before", "trouble"]);
});

test("lines below the least level are not posted", () => {
  const { log, messages } = threadLog("warn");
  log.logger.debug("a packet");
  log.logger.info("a file");
  log.logger.warn("a slow disk");
  log.flush();
  expect(messages()).toEqual(["a slow disk"]);
});

test("while the main thread is behind, lines are dropped and counted", () => {
  const { log, posted, underWay, messages } = threadLog();
  for (let line = 0; line < linesMax + 10; line += 1) {
    log.logger.info(`line ${line}`);
    if (line % 100 === 0) log.flush();
  }
  log.logger.error("lost as well");
  log.flush();
  expect(posted.flat()).toHaveLength(linesMax);

  const written: string[] = [];
  const logger = { ...nullLogger, info: (message: string) => void written.push(message) };
  for (const lines of posted.splice(0)) writeLines(lines, logger, { service: "dhcp" }, underWay);
  expect(written).toEqual(Array.from({ length: linesMax }, (_, line) => `line ${line}`));
  log.logger.info("after that");
  log.flush();
  expect(messages()).toEqual(["11 log lines were dropped", "after that"]);
});

test("the main thread says which service a line is from", () => {
  const seen: unknown[] = [];
  const logger = { ...nullLogger, warn: (...line: unknown[]) => void seen.push(line) };
  const line = { level: "warn", message: "refused", fields: { file: "a.cfg" } } as const;
  writeLines([line], logger, { service: "tftp" }, new SharedArrayBuffer(4));
  expect(seen).toEqual([["refused", { service: "tftp", file: "a.cfg" }]]);
});
