import { describe, expect, test } from "vitest";
import { commandLine, hasColours, parseFormats } from "./report-options.ts";

describe("--report", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["html,junit", ["json", "html", "junit"]],
    ["none", ["json"]],
    ["json", ["json"]],
    ["text, md", ["json", "md", "text"]],
    ["all", ["json", "html", "csv", "md", "junit", "openmetrics", "hlog"]],
  ];
  test.each(cases)("%s", (text, names) => {
    expect(parseFormats(text)).toEqual(names);
  });

  test("an unknown one is refused with what there is", () => {
    expect(() => parseFormats("html,pdf")).toThrow('"pdf" is no format; there are json, html, csv');
  });
});

describe("how to run it again", () => {
  test("is quoted for a shell, with the seed that was used", () => {
    const args = ["a b.yaml", "--set", "title=it's"];
    expect(commandLine(["prov", "run", ...args], 7)).toBe(
      `prov run 'a b.yaml' --set 'title=it'\\''s' --seed 7`,
    );
  });

  test("says the seed once", () => {
    expect(commandLine(["prov", "load", "--seed=9"], 9)).toBe("prov load --seed=9");
    expect(commandLine(["prov", "load", "--seed", "9"], 9)).toBe("prov load --seed 9");
  });
});

test("colours are for terminals, and not where nobody wants them", () => {
  expect(hasColours({ isTTY: true }, { TERM: "xterm", NO_COLOR: "" })).toBe(true);
  expect(hasColours({}, { TERM: "xterm" })).toBe(false);
  expect(hasColours({ isTTY: true }, { NO_COLOR: "1" })).toBe(false);
  expect(hasColours({ isTTY: true }, { TERM: "dumb" })).toBe(false);
});
