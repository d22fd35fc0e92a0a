import { describe, expect, test } from "vitest";
import type { Settings } from "../language/settings.ts";
import { classify, evaluateScopes } from "../model/evaluate.ts";
import { configOf, contextOf, errorsOf } from "./config.testing.ts";

/** `times` inside each other. */
function nested(times: number, before: string, innermost: string, after: string): string {
  return before.repeat(times) + innermost + after.repeat(times);
}

function settingsOf(text: string): Settings {
  const config = configOf(text);
  const context = contextOf({ options: { 12: "b" } }, { leaseSeconds: 5, known: true });
  classify(config, context);
  return evaluateScopes(config, [config.root], context);
}

const long = 100_000;

describe("lists of any length need no stack", () => {
  test("alternatives: the last one is true", () => {
    const list = ' or option host-name = "a"'.repeat(long);
    const text = `if option host-name = "a"${list} or option host-name = "b" { filename "x"; }`;
    expect(settingsOf(text).text("filename")).toBe("x");
  });

  test("conditions: the last one is false", () => {
    const text = `if known${" and known".repeat(long)} and static { filename "x"; } else { filename "y"; }`;
    expect(settingsOf(text).text("filename")).toBe("y");
  });

  test.each([
    // One after another from the left; from the right, since & is tighter than +.
    ["sums", `lease-time${" + 1".repeat(long)}`, 5 + long],
    ["sums of a tighter operator", `lease-time${" + lease-time & 3".repeat(long)}`, 5 + long],
    ["mixed up", `lease-time${" & 7 + 1 - 1".repeat(long)}`, undefined],
  ])("%s", (_, expression, value) => {
    const settings = settingsOf(`set sum = ${expression};`);
    const sum = settings.variables.get("sum");
    expect(typeof sum).toBe("number");
    if (value !== undefined) expect(sum).toBe(value);
  });

  test("what decides a long list is looked at first", () => {
    const pattern = 'option host-name ~= "(a|aa)*$"';
    const text = `if known or ${`${pattern} or `.repeat(1000)}static { filename "x"; }`;
    expect(settingsOf(text).text("filename")).toBe("x");
  });
});

describe("what is too deep is refused", () => {
  test.each([
    ["parentheses", `if ${nested(100, "(", "known", ")")} { }`],
    ["functions", `filename = ${nested(100, "concat (", '"a"', ', "b")')};`],
    ["not", `if ${"not ".repeat(100)}known { }`],
    ["statements", nested(100, "if known { ", "", "}")],
    ["ten thousand", `filename = ${nested(10_000, "concat (", '"a"', ', "b")')};`],
  ])("%s", (_, text) => {
    expect(errorsOf(text)[0]?.message).toMatch(/too deeply nested|too many statements/);
  });
});

// Each is as deep as it may be, in itself and in what it calls.
describe("recursion comes to an end", () => {
  const ifs = (statement: string): string => nested(25, "if known { ", statement, " }");

  test("a function that calls itself", () => {
    const call = nested(55, "concat (", "fun (arg)", ', "x")');
    const text = `define fun (arg) { ${ifs(`return ${call};`)} } filename = fun ("x"); log (info, fun ("x"));`;
    expect(settingsOf(text).text("filename")).toBeUndefined();
  });

  test("two functions that double each other", () => {
    const text =
      "define one (arg) { return concat (two (arg), two (arg)); }\n" +
      "define two (arg) { return concat (one (arg), one (arg)); }\n" +
      'filename = one ("x"); class "c" { match one ("x"); }';
    expect(settingsOf(text).text("filename")).toBeUndefined();
  });

  test("options that ask for each other through functions", () => {
    const count = 40;
    const lines = Array.from({ length: count }, (_, index) => {
      const next = `config-option o${(index + 1) % count}`;
      const value = nested(55, "concat (", next, ', "x")');
      return [
        `define fun${index} (arg) { ${ifs(`return ${value};`)} }`,
        `option o${index} = ${nested(55, "concat (", `fun${index} ("x")`, ', "x")')};`,
      ].join("\n");
    });
    const definitions = Array.from(
      { length: count },
      (_, index) => `option o${index} code ${150 + index} = text;`,
    );
    const settings = settingsOf([...definitions, ...lines].join("\n"));
    expect(settings.optionCodes()).toEqual([]);
  });

  test("a value that doubles with every statement", () => {
    const text = `set nam = "ab"; ${"set nam = concat (nam, nam); ".repeat(40)} filename = nam;`;
    expect(settingsOf(text).text("filename")).toBeUndefined();
  });
});

describe("work with patterns is bounded", () => {
  test("over all statements of an evaluation", () => {
    const value = `set nam = "aaaaaaaa"; ${"set nam = concat (nam, nam); ".repeat(12)}`;
    const tests = 'if nam ~= "(a{1,60}){1,15}b" { filename "x"; }\n'.repeat(1000);
    expect(settingsOf(`${value}\n${tests}`).text("filename")).toBeUndefined();
  });
});

test("numbers stay whole numbers", () => {
  const product = `lease-time${" * 4294967295".repeat(40)}`;
  // Modulo 2^32 every factor is -1.
  expect(settingsOf(`set nam = ${product};`).variables.get("nam")).toBe(5);
});
