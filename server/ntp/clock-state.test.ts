import { expect, test } from "vitest";
import { referenceText } from "../../protocol/ntp/packet.ts";
import { clockPolicyDefault, clockStateOf, type KernelClock } from "./clock-state.ts";

const nowMs = 1_800_000_000_000;
const synchronised: KernelClock = { synchronised: true, maxErrorMs: 12.5, leapSecond: "none" };
const alarm = { ...clockPolicyDefault, unsynchronised: "alarm" } as const;

test("TIME-1: a clock that the kernel vouches for has the policy's stratum and the kernel's error", () => {
  expect(clockStateOf(synchronised, { ...clockPolicyDefault, stratum: 2 }, nowMs, -20)).toEqual({
    leap: 0,
    stratum: 2,
    precision: -20,
    rootDelaySeconds: 0,
    rootDispersionSeconds: 0.0125,
    referenceId: 0x7f7f_0100,
    referenceUnixMs: nowMs,
  });
});

test.each([
  ["insert", 1],
  ["delete", 2],
] as const)("a leap second to %s is announced", (leapSecond, leap) => {
  const state = clockStateOf({ ...synchronised, leapSecond }, clockPolicyDefault, nowMs, -20);
  expect(state.leap).toBe(leap);
});

test.each([
  ["the kernel cannot be asked", undefined],
  ["the kernel's clock is not synchronised", { ...synchronised, synchronised: false }],
] as const)("%s: a lab's own clock at stratum 10", (_, kernel) => {
  const state = clockStateOf(kernel, clockPolicyDefault, nowMs, -10);
  expect(state).toMatchObject({ leap: 0, stratum: 10, rootDispersionSeconds: 2 ** -10 });
  expect(referenceText(state.referenceId)).toBe("LOCL");
});

test("under the alarm policy an unsynchronised clock is no clock", () => {
  const state = clockStateOf(undefined, alarm, nowMs, -20);
  expect(state).toMatchObject({ leap: 3, stratum: 0 });
  expect(referenceText(state.referenceId)).toBe("INIT");
  expect(clockStateOf(synchronised, alarm, nowMs, -20).stratum).toBe(3);
});

test("an error beyond the field's range is its largest value", () => {
  const lost = { ...synchronised, maxErrorMs: 1e12 };
  expect(clockStateOf(lost, clockPolicyDefault, nowMs, -20).rootDispersionSeconds).toBe(65_535);
});
