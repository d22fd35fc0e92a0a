import { describe, expect, test } from "vitest";
import { onProcessor, processorsOf } from "./processors.ts";

describe("the kernel's list of processors", () => {
  test.each([
    ["0", [0]],
    ["0-1", [0, 1]],
    ["2-4,7,9-10", [2, 3, 4, 7, 9, 10]],
    ["", []],
    ["3-1", []],
    ["none", []],
  ])("%j is %j", (list, expected) => {
    expect(processorsOf(list)).toEqual(expected);
  });
});

describe("a command line for one processor", () => {
  test("goes through taskset", () => {
    expect(onProcessor(1, ["dhcpd", "-f"])).toEqual(["taskset", "--cpu-list", "1", "dhcpd", "-f"]);
  });

  test("is as it was without one", () => {
    expect(onProcessor(undefined, ["dhcpd", "-f"])).toEqual(["dhcpd", "-f"]);
  });
});
