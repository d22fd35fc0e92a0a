import { expect, test } from "vitest";
import { SyslogRates } from "./syslog-rates.ts";

const limits = {
  messagesPerSecond: 100,
  messagesBurst: 20,
  bytesPerSecond: 1000,
  bytesBurst: 10_000,
};

function admitted(rates: SyslogRates, source: number, bytes: number, nowMs: number): number {
  let count = 0;
  for (let sent = 0; sent < 100; sent += 1) {
    if (rates.allow(source, bytes, nowMs)) count += 1;
  }
  return count;
}

test("short messages meet the limit on messages, long ones that on bytes, each source its own", () => {
  const rates = new SyslogRates(limits, 7);
  expect(admitted(rates, 1, 10, 0)).toBe(20);
  expect(admitted(rates, 2, 5000, 0)).toBe(2);
  expect(admitted(rates, 3, 5000, 0)).toBe(2);
  expect(admitted(rates, 2, 5000, 4999)).toBe(0);
  expect(admitted(rates, 2, 5000, 10_000)).toBe(2);
});

test("a source owes what it sends too early, on whichever connection, and no more than 30 s of it", () => {
  const rates = new SyslogRates(limits, 7);
  expect(rates.owedMs(1, 5000, 0)).toBe(0);
  expect(rates.owedMs(1, 5000, 0)).toBe(0);
  expect(rates.owedMs(1, 5000, 0)).toBe(5000);
  expect(rates.owedMs(1, 2000, 0)).toBe(7000);
  expect(rates.owedMs(1, 1000, 8000)).toBe(0);
  expect(rates.owedMs(1, 1000, 8000)).toBe(1000);
  for (let sent = 0; sent < 30; sent += 1) rates.owedMs(2, 1, 0);
  expect(rates.owedMs(2, 1, 0)).toBe(110);
  for (let sent = 0; sent < 100; sent += 1) rates.owedMs(1, 5000, 8000);
  expect(rates.owedMs(1, 5000, 8000)).toBe(30_000);
});

test("what is not said has its default", () => {
  const rates = new SyslogRates({ messagesBurst: 1 }, 7);
  expect(admitted(rates, 1, 8192, 0)).toBe(1);
  expect(rates.owedMs(1, 8192, 0)).toBe(0.5);
});
