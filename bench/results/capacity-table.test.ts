import { expect, test } from "vitest";
import { capacityTable, type Found, isRepeated } from "./capacity-table.ts";

const found = (maximumPerSecond: number | null, verdict = "found"): Found => ({
  maximumPerSecond,
  verdict,
});
const row = (first: Found, second: Found) => ({ name: "Kea", first, second });

test.each([
  [row(found(1000), found(1050)), true, "| Kea | 1,000 | 1,050 | 5.0 % |"],
  [row(found(1051), found(1000)), false, "| Kea | 1,051 | 1,000 | 5.1 % |"],
  [row(found(1000), found(1000, "bound")), false, "| Kea | 1,000 | 1,000 (bound) | 0.0 % |"],
  [row(found(1000), found(null, "none")), false, "| Kea | 1,000 | none | - |"],
])("%j", (found, isWithin, line) => {
  expect(isRepeated([found])).toBe(isWithin);
  expect(capacityTable([found])).toContain(line);
});
