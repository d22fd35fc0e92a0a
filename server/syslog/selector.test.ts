import { describe, expect, test } from "vitest";
import { facilityNames, severityNames } from "../../protocol/syslog/priority.ts";
import { parseSelector } from "./selector.ts";

function chosen(selector: string): string[] {
  return [...parseSelector(selector).entries()]
    .filter(([, flag]) => flag === 1)
    .map(([priority]) => `${facilityNames[priority >>> 3]}.${severityNames[priority & 7]}`);
}

test.each([
  ["kern.crit", ["kern.emerg", "kern.alert", "kern.crit"]],
  ["local6.=debug", ["local6.debug"]],
  ["mail,news.=err", ["mail.err", "news.err"]],
  ["MAIL.Alert", ["mail.emerg", "mail.alert"]],
  ["security.=warn;user.=panic;cron.=error", ["user.emerg", "auth.warning", "cron.err"]],
  [" uucp . =info ; ftp.=info ", ["uucp.info", "ftp.info"]],
  ["local0.none", []],
  ["*.none", []],
])("LOG-2: %s", (selector, expected) => {
  expect(chosen(selector)).toEqual(expected);
});

test("stars choose everything, and a later part overrules an earlier one", () => {
  expect(chosen("*.*")).toHaveLength(24 * 8);
  expect(chosen("*.info")).toHaveLength(24 * 7);
  expect(chosen("*.*;mail.none")).toHaveLength(23 * 8);
  expect(chosen("mail.none;*.*")).toHaveLength(24 * 8);
  expect(chosen("*.none;kern.=emerg")).toEqual(["kern.emerg"]);
});

describe("what is wrong is named", () => {
  test.each([
    ["", "it has no '.'"],
    ["local6", "it has no '.'"],
    ["local6.*;;local5.*", "it has no '.'"],
    ["local8.*", "no facility is called 'local8'"],
    ["kern,.*", "no facility is called ''"],
    ["kern.worst", "no severity is called 'worst'"],
    ["kern.", "no severity is called ''"],
    ["kern.!err", "no severity is called '!err'"],
    ["constructor.*", "no facility is called 'constructor'"],
    ["kern.toString", "no severity is called 'toString'"],
  ])("'%s'", (selector, reason) => {
    expect(() => parseSelector(selector)).toThrow(RangeError);
    expect(() => parseSelector(selector)).toThrow(reason);
  });
});
