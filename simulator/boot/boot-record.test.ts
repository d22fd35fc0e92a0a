import { describe, expect, test } from "vitest";
import { BootRecord, startMeanMs } from "./boot-record.ts";
import type { DownloadedFile, EndedStep, FailedBoot } from "./boot-step.ts";

const step = (changes: Partial<EndedStep>): EndedStep => ({
  device: 1,
  step: "dhcp",
  end: "done",
  problem: undefined,
  intendedAtMs: 1000,
  startedAtMs: 1100,
  endedAtMs: 1150,
  ...changes,
});

const file: DownloadedFile = {
  device: 1,
  lengthBytes: 700,
  serverIndex: 0,
  isVerified: true,
  isContentRight: true,
};

const boot: FailedBoot = {
  device: 1,
  step: "tftp",
  problem: "no-answer",
  intendedAtMs: 1000,
  startedAtMs: 1000,
  failedAtMs: 9000,
  boots: 1,
};

/** One worker's share of what happens. */
function fill(record: BootRecord): void {
  record.stepEnded("cable-modem", step({}));
  record.stepEnded("cable-modem", step({ startedAtMs: 1300, endedAtMs: 1400 }));
  record.stepEnded("cable-modem", step({ end: "failed", problem: "dhcp-timeout" }));
  const silent = { step: "time", end: "passed-over", problem: "no-answer" } as const;
  record.stepEnded("cable-modem", step({ ...silent, endedAtMs: 8100 }));
  record.stepEnded("cable-modem", step({ step: "ranging", startedAtMs: 1000, endedAtMs: 1020 }));
  record.stepEnded("mta", step({ startedAtMs: 3000, endedAtMs: 3010 }));
  const online = { device: 1, intendedAtMs: 1000, startedAtMs: 1001, boots: 1 };
  record.online("cable-modem", { ...online, onlineAtMs: 1500 }, 900);
  record.online("mta", { ...online, onlineAtMs: 3500 }, 900);
  record.rebooting("cable-modem", boot);
  record.rebooting("cable-modem", boot);
  record.failed("cable-modem", boot);
  record.failed("mta", { ...boot, step: "modem", problem: "modem-failed" });
  record.downloaded(file);
  record.downloaded({ ...file, serverIndex: 1, isVerified: false, isContentRight: false });
  record.downloadFailed("no-answer");
  record.downloadFailed("no-answer");
  record.downloadFailed("wrong-hash");
  record.retransmitted("tftp");
  record.retransmitted("ntp");
  record.retransmitted("tftp");
}

/** What a record says, with its histograms as counts and means. */
function summaryOf(record: BootRecord) {
  const { steps, failures, downloads, timeToOnline, onlineAfter } = record;
  return {
    steps: steps.map((one) => [
      one.kind,
      one.step,
      one.duration.count,
      Number(one.duration.meanMs().toPrecision(3)),
      startMeanMs(one),
      one.passedOver,
    ]),
    failures,
    downloads,
    timeToOnline: Object.entries(timeToOnline).map(([kind, histogram]) => [kind, histogram.count]),
    onlineAfter: onlineAfter?.count,
  };
}

describe("BootRecord", () => {
  test("steps in the order of the program, without those that ended their boot", () => {
    const record = new BootRecord();
    fill(record);
    expect(summaryOf(record).steps).toEqual([
      ["cable-modem", "ranging", 1, 20, 0, 0],
      ["cable-modem", "dhcp", 2, 75, 200, 0],
      ["cable-modem", "time", 1, 7000, 100, 1],
      ["mta", "dhcp", 1, 10, 2000, 0],
    ]);
  });

  test("time to on line counts from the power-on, and again from the start of the phase", () => {
    const record = new BootRecord();
    expect(record.onlineAfter).toBeUndefined();
    fill(record);
    expect(record.timeToOnline["cable-modem"]?.meanMs()).toBeCloseTo(500, 0);
    expect(record.timeToOnline.mta?.meanMs()).toBeCloseTo(2500, -1);
    expect(record.timeToOnline.all?.meanMs()).toBeCloseTo(1500, -1);
    expect(record.onlineAfter?.minMs()).toBeCloseTo(600, 0);
    expect(record.onlineAfter?.maxMs()).toBeCloseTo(2600, -1);
  });

  test("failures tell boots from devices; downloads are counted by what is known of them", () => {
    const record = new BootRecord();
    fill(record);
    const where = { step: "tftp", problem: "no-answer" };
    expect(record.failures).toEqual([
      { kind: "cable-modem", ...where, boots: 2, devices: 1 },
      { kind: "mta", step: "modem", problem: "modem-failed", boots: 0, devices: 1 },
    ]);
    expect(record.downloads).toEqual({
      files: 2,
      bytes: 1400,
      verified: 1,
      contentsChecked: 1,
      fromSecondary: 1,
      failedAttempts: { "no-answer": 2, "wrong-hash": 1 },
      retransmissions: { tftp: 2, time: 0, ntp: 1, syslog: 0 },
    });
  });

  test("reports cross threads and add up", () => {
    const record = new BootRecord();
    fill(record);
    const sum = new BootRecord();
    sum.add(structuredClone(record.toReport()));
    expect(summaryOf(sum)).toEqual(summaryOf(record));
    sum.add(structuredClone(record.toReport()));
    const twice = new BootRecord();
    fill(twice);
    fill(twice);
    expect(summaryOf(sum)).toEqual(summaryOf(twice));
  });

  test("an empty record stays empty in a sum, and a report is as the record was", () => {
    const record = new BootRecord();
    const before = record.toReport();
    fill(record);
    const sum = new BootRecord();
    sum.add(before);
    expect(summaryOf(sum)).toEqual(summaryOf(new BootRecord()));
  });
});
