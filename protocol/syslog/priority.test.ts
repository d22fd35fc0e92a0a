import { describe, expect, test } from "vitest";
import { facilityNames, parsePriority, priorityOf, severityNames } from "./priority.ts";

describe("PRI (RFC 3164, section 4.1.1)", () => {
  test.each([
    ["<0>", 0, 3],
    ["<9>x", 9, 3],
    ["<34>", 34, 4],
    ["<165>1 -", 165, 5],
    ["<191>", 191, 5],
  ])("%s", (text, value, length) => {
    expect(parsePriority(text)).toEqual({ value, length });
  });

  test.each([
    "",
    "<",
    "<>",
    "<1",
    "<192>",
    "<999>",
    "<1000>",
    "<00>",
    "<013>",
    "<-1>",
    "<1a>",
    "< 1>",
  ])("%j is none", (text) => {
    expect(parsePriority(text)).toBeUndefined();
  });

  test.each([
    ["kern", "emerg", 0],
    ["user", "notice", 13],
    ["daemon", "info", 30],
    ["local4", "notice", 165],
    ["local7", "debug", 191],
  ] as const)("LOG-1: %s.%s is %i", (facility, severity, expected) => {
    const priority = {
      facility: facilityNames.indexOf(facility),
      severity: severityNames.indexOf(severity),
    };
    expect(priorityOf(priority)).toBe(expected);
  });

  test("there are 24 facilities and 8 severities", () => {
    expect([new Set(facilityNames).size, new Set(severityNames).size]).toEqual([24, 8]);
  });
});
