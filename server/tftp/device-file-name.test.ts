import { describe, expect, test } from "vitest";
import { DeviceFileName, macKeyOf } from "./device-file-name.ts";

test.each([
  ["02100000000a", "02100000000a"],
  ["0210.0000.000A", "02100000000a"],
  ["02:10:00:00:00:0A", "02100000000a"],
  ["02-10-00-00-00-0a", "02100000000a"],
  // As dhcpd's binary-to-ascii writes it.
  ["2:10:0:0:0:a", "02100000000a"],
  ["2-10-0-0-0-a", "02100000000a"],
])("%s is a MAC", (text, key) => {
  expect(macKeyOf(text)).toBe(key);
});

test.each([
  "",
  "0210",
  "02100000000",
  "02100000000a0",
  "02:10:00:00:00",
  "02:10-00:00-00:0a",
  "02:10:00:00:00:0a:0b",
  "02:10:00:00:00:",
  "021:0:0:0:0:0a",
  "0210.0000.00a",
  "0210:0000:000a",
  "g2100000000a",
  "02100000000a\n",
])("%j is none", (text) => {
  expect(macKeyOf(text)).toBeUndefined();
});

describe("names of device files", () => {
  test.each([
    ["cm-{mac}.cfg", "cm-02100000000a.cfg", "02100000000a"],
    ["cm-{mac}.cfg", "/cm-2:10:0:0:0:a.cfg", "02100000000a"],
    ["cm-{mac}.cfg", "cm-.cfg", undefined],
    ["cm-{mac}.cfg", "cm-.cf", undefined],
    ["cm-{mac}.cfg", "cm-02100000000a.cfg.bak", undefined],
    ["cm-{mac}.cfg", "sub/cm-02100000000a.cfg", undefined],
    ["cm-{mac}.cfg", "sub/../cm-02100000000a.cfg", undefined],
    ["cm-{mac}.cfg", "CM-02100000000a.cfg", undefined],
    ["cm/{mac}", "./cm//02100000000a", "02100000000a"],
    ["{mac}", "0210.0000.000a", "02100000000a"],
    ["{mac}", "x".repeat(600), undefined],
  ])("%s: %s", (pattern, filename, device) => {
    expect(new DeviceFileName(pattern).deviceOf(filename)).toBe(device);
  });

  test.each(["cm.cfg", "", "{mac}-{mac}", "../{mac}", "/{mac}", "a//{mac}", "{mac}\0"])(
    "%j is no pattern",
    (pattern) => {
      expect(() => new DeviceFileName(pattern)).toThrow(/must be a file name below the root/);
    },
  );
});
