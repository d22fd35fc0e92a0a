import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { nullLogger } from "../../../base/log.ts";
import { VirtualClock } from "../../../base/virtual-clock.testing.ts";
import { FileRouter } from "../file-router.ts";
import { SyslogRates } from "../syslog-rates.ts";
import { newSyslogCounters, SyslogReceiver } from "../syslog-receiver.ts";
import { LogFiles } from "./log-files.ts";

const dayMs = 86_400_000;
const daysKept = 90;
/** A day has 40 MB, and so keeps 152 bytes for each source. */
const totalBytesMax = 91 * 40_000_000;
const devices = 600;
/** Device k is 10.0.0.0 + k. */
const network = 0x0a00_0000;
const attacker = 0x0aff_0000;
const floodPerSecond = 150;
const floodSeconds = 600;
const days = 95;
/** All of them are among the days that are kept. */
const floodedDays = [40, 41, 90];
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const sentence =
  "PERF-2: floods of 8 KiB messages from %i addresses in turn cost no other one a line, and no day";

test.each([1, 40])(sentence, (attackers) => {
  const directory = mkdtempSync(join(tmpdir(), "provlab-flood-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const clock = new VirtualClock(Date.parse("2026-01-01T00:00:00Z"));
  const router = new FileRouter();
  const counters = newSyslogCounters();
  const paths = router.files.map((file) => join(directory, file));
  const onLost = (): void => undefined;
  const sink = new LogFiles(
    { paths, daysKept, totalBytesMax, logger: nullLogger, onLost },
    clock.wallMs(),
  );
  const rates = new SyslogRates({}, 1);
  const receiver = new SyslogReceiver({ router, sink, counters, rates, seed: 1 });
  const send = (bytes: Uint8Array, source: number): void => {
    receiver.accept(bytes, source, clock.monotonicMs(), clock.wallMs(), "udp");
  };
  const honest = bytesOf("<182>Jan  1 00:00:07 meter boot[12]: started");
  const flood = bytesOf(`<182>${"x".repeat(8187)}`);

  let notes = 0;
  for (let day = 0; day < days; day += 1) {
    for (let second = 0; second < floodSeconds; second += 1) {
      // One after the other, each takes half of what the others have left.
      const turn = Math.floor((second * attackers) / floodSeconds);
      for (let sent = 0; sent < floodPerSecond && floodedDays.includes(day); sent += 1) {
        send(flood, attacker + turn);
      }
      for (let device = second; device < devices; device += floodSeconds) {
        send(honest, network + device);
      }
      clock.advance(1000);
      sink.flush(clock.wallMs());
      if (receiver.noteDrops(clock.monotonicMs(), clock.wallMs()) !== undefined) notes += 1;
    }
    clock.advance(dayMs - floodSeconds * 1000);
    sink.maintain(clock.wallMs());
  }
  sink.close();

  const past = readdirSync(directory).filter((name) => name.startsWith("dhcp.log-"));
  expect(past).toHaveLength(daysKept);
  for (const name of past) {
    const lines = readFileSync(join(directory, name), "utf8").split("\n");
    const started = lines.filter((line) => line.endsWith("meter local6.info boot[12]: started"));
    expect(new Set(started.map((line) => line.split(" ")[1])).size).toBe(devices);
  }
  const bytes = readdirSync(directory).map((name) => statSync(join(directory, name)).size);
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(totalBytesMax);
  const flooded = floodedDays.length * floodSeconds * floodPerSecond;
  const { rate, share, ...otherDrops } = counters.dropped;
  expect(counters.lines + rate + share).toBe(days * devices + flooded + notes);
  expect(share).toBeGreaterThan(0);
  expect(otherDrops).toEqual({
    ...{ empty: 0, "day-full": 0, "write-failed": 0, "receive-buffer": 0 },
  });
});
