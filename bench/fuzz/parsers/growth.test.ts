import { expect, test } from "vitest";
import { Growth, growthTable } from "./growth.ts";

const HOUR_MS = 3_600_000;
const run = (edges: number) => ({ executions: 1000, edgesAtStart: 40, edges, finding: undefined });

test("growth counts from the known inputs, and later from an hour ago", () => {
  const growth = new Growth();
  growth.add(run(45), 60_000);
  expect(growth.ofLastHour(60_000)).toBe(5);
  growth.add(run(52), 2 * 60_000);
  growth.add(run(50), HOUR_MS);
  expect(growth).toMatchObject({ executions: 3000, edgesAtStart: 40, edges: 52 });
  expect(growth.ofLastHour(HOUR_MS + 60_000)).toBe(7);
  expect(growth.ofLastHour(2 * HOUR_MS)).toBe(0);
});

test("the table of long figures and names fits a terminal", () => {
  const growth = new Growth();
  growth.add({ ...run(123_456), executions: 1_234_567_890 }, 0);
  const row = { name: "registrations", growth, inputs: 1234, isFound: true };
  const [head, line] = growthTable([{ ...row, name: "dhcp", isFound: false }, row], 0).split("\n");
  expect(head).toMatch(/^parser +executions +edges +last hour +new inputs$/);
  expect(line).toMatch(/^dhcp +1,234,567,890 +123,456 +\+123,416 +1,234$/);
  expect(head!.length).toBeLessThanOrEqual(80);
});
