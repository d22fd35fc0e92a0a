import { describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { substitute, type Variables } from "./environment.ts";

function dataOf(text: string, variables: Variables): unknown {
  const document = parseDocument(text);
  expect(document.errors).toEqual([]);
  expect(substitute(document, variables).mistakes).toEqual([]);
  return document.toJS();
}

/** As it is written in a file: a dollar before a brace is no template here. */
const $ = (text: string): string => text.replaceAll("@", "$");

describe("variables in scalars", () => {
  const cases: readonly (readonly [string, string, Variables, unknown])[] = [
    ["a number in a plain scalar", "@{N}", { N: "300" }, 300],
    ["a default", "@{N:-0.5}", {}, 0.5],
    ["a default for an empty value", "@{N:-7}", { N: "" }, 7],
    ["an empty default", "@{N:-}", {}, null],
    ["a boolean", "@{B}", { B: "true" }, true],
    ["part of a scalar", "@{N} min", { N: "20" }, "20 min"],
    ["two of them", "@{A}@{B}", { A: "1", B: "2" }, 12],
    ["text in double quotes", '"@{N}"', { N: "300" }, "300"],
    ["single quotes keep it", "'@{N}'", { N: "300" }, $("@{N}")],
    ["a dollar", "a @@{N} @ @@", {}, $("a @{N} @ @")],
    ["a block scalar", "|\n  x @{N}\n", { N: "1" }, "x 1\n"],
    ["a list stays text", "@{L}", { L: "[1, 2]" }, "[1, 2]"],
    ["a map stays text", "@{M}", { M: "a: 1\nb: 2" }, "a: 1\nb: 2"],
    ["an alias stays text", "@{A}", { A: "*x" }, "*x"],
    ["a variable in a value is text", "@{A}", { A: $("@{B}"), B: "1" }, $("@{B}")],
    ["a comment stays text", "@{A}", { A: "1 # one" }, "1 # one"],
    ["a default with a colon", "@{A:-127.0.0.1:67}", {}, "127.0.0.1:67"],
  ];
  test.each(cases)("%s", (_, written, variables, expected) => {
    expect(dataOf($(`key: ${written}`), variables)).toEqual({ key: expected });
  });

  test("keys are left alone, and an alias follows its anchor", () => {
    expect(dataOf($("@{K}: &a @{N}\nb: *a"), { K: "x", N: "4" })).toEqual({
      [$("@{K}")]: 4,
      b: 4,
    });
  });

  test("what every object inherits is no variable", () => {
    const { mistakes } = substitute(parseDocument($("a: @{constructor}")), {});
    expect(mistakes).toHaveLength(1);
  });
});

describe("mistakes", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["@{NONE}", /needs the environment variable NONE, which is not set/],
    ["@{}", /names no variable/],
    ["@{1A}", /names no variable/],
    ["@{A B}", /names no variable/],
    ["@{A", /names no variable/],
  ];
  test.each(cases)("%s", (written, message) => {
    const text = $(`a:\n  - b: "x"\n  - b: ${written}\n`);
    const { mistakes } = substitute(parseDocument(text), {});
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0].message).toMatch(message);
    expect(mistakes[0].path).toEqual(["a", 1, "b"]);
    expect(text.slice(mistakes[0].offset)).toMatch(/^\$\{/);
  });
});
