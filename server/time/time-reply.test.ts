import { expect, test } from "vitest";
import { isClockSet, timeRefusal } from "./time-reply.ts";

const now = 1_800_000_000;

test.each([
  { name: "an empty datagram", bytes: 0, port: 40_000, at: now, refusal: undefined },
  { name: "a datagram that is not empty", bytes: 12, port: 40_000, at: now, refusal: undefined },
  { name: "an empty one from port 37", bytes: 0, port: 37, at: now, refusal: undefined },
  { name: "another server's answer", bytes: 4, port: 37, at: now, refusal: "loop" },
  { name: "the echo service", bytes: 4, port: 7, at: now, refusal: "loop" },
  { name: "the chargen service", bytes: 0, port: 19, at: now, refusal: "loop" },
  { name: "port 0, which cannot be answered", bytes: 0, port: 0, at: now, refusal: "loop" },
  { name: "a clock that was never set", bytes: 0, port: 40_000, at: 60, refusal: "clock-not-set" },
])("TIME-5: $name", ({ bytes, port, at, refusal }) => {
  expect(timeRefusal(bytes, port, at)).toBe(refusal);
});

test("a clock counts as set from 2020 on, and goes on past 2036", () => {
  const seconds = (iso: string): number => Date.parse(iso) / 1000;
  expect(isClockSet(seconds("2019-12-31T23:59:59Z"))).toBe(false);
  expect(isClockSet(seconds("2020-01-01T00:00:00Z"))).toBe(true);
  expect(isClockSet(seconds("2040-01-01T00:00:00Z"))).toBe(true);
});
