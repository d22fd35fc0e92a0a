import { expect, test } from "vitest";
import { AnswerCounts, sumOfAnswers } from "./answer-counts.ts";

test("counts by server, over all workers, in the order of the identifiers", () => {
  const [one, other] = [new AnswerCounts(), new AnswerCounts()];
  for (const server of [9, 3, 9]) one.add(server);
  other.add(9);
  expect(sumOfAnswers([one.toList(), other.toList()])).toEqual([
    { server: 3, acknowledged: 1 },
    { server: 9, acknowledged: 3 },
  ]);
});

test("a server with ever new identifiers takes no more than the room there is, and nothing is lost", () => {
  const counts = new AnswerCounts();
  for (let server = 1; server <= 10_000; server += 1) counts.add(server);
  const list = counts.toList();
  expect(list.length).toBeLessThanOrEqual(65);
  expect(list.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBe(10_000);
});
