import { expect, test } from "vitest";
import { AttemptTime } from "./attempt-time.ts";

const limits = { attemptMsMin: 80, attemptMsMax: 400 };

test("a quick etcd: a member that falls silent is given up after the least time", () => {
  const time = new AttemptTime(limits);
  expect(time.ms).toBe(80);
  for (let answer = 0; answer < 20; answer += 1) time.answered(2 + (answer % 3));
  expect(time.ms).toBeLessThan(85);
});

test("an etcd whose answers take 150 ms, and 300 ms on a new connection, gets the time it needs", () => {
  const time = new AttemptTime(limits);
  const given: number[] = [];
  // Each silence costs the connection.
  while (time.ms < 300) {
    given.push(time.ms);
    time.silent(time.ms);
  }
  expect(given).toEqual([80, 160]);
  time.answered(300);
  for (let answer = 0; answer < 50; answer += 1) {
    expect(time.ms).toBeGreaterThanOrEqual(150 + 80);
    time.answered(150);
  }
  // It is not waited for longer than it needs, so that a silent member still leaves time for another one.
  expect(time.ms).toBeLessThan(240);
});

test("after an outage the first answer ends the doubling, and nothing exceeds the most", () => {
  const time = new AttemptTime(limits);
  for (let answer = 0; answer < 20; answer += 1) time.answered(3);
  for (let silence = 0; silence < 100; silence += 1) time.silent(time.ms);
  expect(time.ms).toBe(400);
  time.answered(4);
  expect(time.ms).toBeLessThan(85);
});

test("several calls that fail together are one silence, and one that was cut short is none", () => {
  const time = new AttemptTime(limits);
  for (let call = 0; call < 3; call += 1) time.silent(79.99);
  time.silent(100);
  expect(time.ms).toBe(160);
});

test("one answer that took a moment is soon forgotten", () => {
  const time = new AttemptTime(limits);
  for (let answer = 0; answer < 20; answer += 1) time.answered(3);
  time.answered(380);
  expect(time.ms).toBeGreaterThan(380);
  for (let answer = 0; answer < 10; answer += 1) time.answered(3);
  expect(time.ms).toBeLessThan(200);
});
