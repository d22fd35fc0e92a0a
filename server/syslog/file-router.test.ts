import { describe, expect, test } from "vitest";
import { facilityNames, severityNames } from "../../protocol/syslog/priority.ts";
import { FileRouter, fileRulesDefault } from "./file-router.ts";

function filesOf(router: FileRouter, priority: string): string[] {
  const [facility = "", severity = ""] = priority.split(".");
  return router
    .filesFor(numberOf(facilityNames, facility), numberOf(severityNames, severity))
    .map((file) => router.files[file]);
}

function numberOf(names: readonly string[], name: string): number {
  return names.indexOf(name);
}

describe("the table of LOG-1", () => {
  const router = new FileRouter();

  test.each([
    ["local6.info", ["dhcp.log"]],
    ["local6.debug", ["dhcp.log"]],
    ["local5.info", ["tftp.log"]],
    ["local3.err", ["pacemaker.log"]],
    ["kern.err", ["messages"]],
    ["local2.info", ["v4cpe_dhcp.log"]],
    ["local1.info", ["v6cpe_dhcp.log"]],
    ["user.notice", ["messages"]],
    ["daemon.info", ["messages"]],
    ["local0.warning", ["messages"]],
    ["local7.info", ["messages"]],
    ["user.debug", []],
    ["mail.emerg", []],
    ["authpriv.err", []],
    ["cron.info", []],
  ])("LOG-1, LOG-3: %s", (priority, files) => {
    expect(filesOf(router, priority)).toEqual(files);
  });
});

test("a message that two rules give to one file is in it once; two files both get it", () => {
  const router = new FileRouter([
    { selector: "kern.*", file: "all" },
    { selector: "*.err", file: "all" },
    { selector: "kern.crit", file: "bad" },
  ]);
  expect(router.files).toEqual(["all", "bad"]);
  expect(filesOf(router, "kern.emerg")).toEqual(["all", "bad"]);
  expect(filesOf(router, "kern.err")).toEqual(["all"]);
  expect(filesOf(router, "user.info")).toEqual([]);
});

test("a priority that does not exist goes nowhere", () => {
  expect(new FileRouter().filesFor(24, 0)).toEqual([]);
});

test("a wrong rule and too many files are refused", () => {
  const rule = { selector: "kernel.err", file: "x" };
  expect(() => new FileRouter([...fileRulesDefault, rule])).toThrow(
    "no facility is called 'kernel'",
  );
  const many = Array.from({ length: 65 }, (_, n) => ({ selector: "*.*", file: `f${n}` }));
  expect(() => new FileRouter(many)).toThrow("at most 64 files, not 65");
});
