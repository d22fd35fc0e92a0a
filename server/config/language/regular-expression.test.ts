import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { latin1Bytes } from "../../../protocol/latin1.ts";
import { PatternError, RegularExpression } from "./regular-expression.ts";

const matches = (pattern: string, value: string, ignoreCase = false): boolean =>
  new RegularExpression(latin1Bytes(pattern), ignoreCase).matches(latin1Bytes(value));

// As the C library's regcom (REG_EXTENDED) and regexec have it.
const cases: readonly (readonly [
  pattern: string,
  yes: readonly string[],
  no: readonly string[],
])[] = [
  ["docsis", ["docsis3.0", "a docsis"], ["DOCSIS", "docsi", ""]],
  ["^docsis[123]\\.[01]", ["docsis1.1", "docsis3.0:x"], ["docsis4.0", "xdocsis1.1", "docsis1x1"]],
  ["^(cm|mta)-[0-9]+$", ["cm-1", "mta-042"], ["cm-", "cm-1x", "xcm-1"]],
  ["^a*$", ["", "a", "aaa"], ["b", "ab"]],
  ["a+b?c", ["ac", "aabc"], ["bc", "abbc"]],
  ["^(ab){2}$", ["abab"], ["ab", "ababab"]],
  ["^a{2,3}$", ["aa", "aaa"], ["a", "aaaa"]],
  ["^a{2,}$", ["aa", "aaaaaa"], ["a"]],
  ["^a{,2}$", ["", "a", "aa"], ["aaa"]],
  ["^[^a-c]$", ["d", "]"], ["a", "c", ""]],
  ["^[]x]$", ["]", "x"], ["y"]],
  ["^[a-]$", ["a", "-"], ["b"]],
  ["^[[:digit:][:upper:]]+$", ["A1"], ["a1", ""]],
  ["^[[:xdigit:]]{12}$", ["0010de4f00Aa"], ["0010de4f00ag", "0010"]],
  ["^[\\w]$", ["\\", "w"], ["a"]],
  ["^\\w+\\s\\S$", ["ab_1 x"], ["ab_1x"]],
  ["a\\.b", ["a.b"], ["axb"]],
  ["x|^$", ["x", ""], ["y"]],
  ["(a|b)*c", ["c", "ababc"], ["ab"]],
  ["((a*)*)*b", ["b", "aaab"], ["aaa"]],
  ["a)", ["a)"], ["a"]],
  ["", ["", "x"], []],
  ["^.$", ["a", "\n", "\u00e9"], ["", "ab"]],
  ["a\0b", ["a"], ["b"]],
];

describe("POSIX extended regular expressions", () => {
  for (const [pattern, yes, no] of cases) {
    test(JSON.stringify(pattern), () => {
      for (const value of yes) expect([value, matches(pattern, value)]).toEqual([value, true]);
      for (const value of no) expect([value, matches(pattern, value)]).toEqual([value, false]);
    });
  }

  test("a value ends at its first NUL", () => {
    expect(matches("b", "a\0b")).toBe(false);
    expect(matches("^a$", "a\0b")).toBe(true);
  });

  test("without regard to case", () => {
    expect(matches("^DocSis[a-c]$", "dOCSISB", true)).toBe(true);
    expect(matches("^[^a]$", "A", true)).toBe(false);
  });

  const wrong = [
    ...["*a", "+", "(?a)", "a|*", "^*", "a$+", "{2}"],
    "(",
    "[",
    "[a",
    "a{",
    "a{2",
    "a{3,2}",
    "[b-a]",
    "[[:nope:]]",
    "a\\",
    "a{999}",
    "a{1000}",
  ];
  for (const pattern of wrong) {
    test(`none: ${pattern}`, () => expect(() => matches(pattern, "a")).toThrow(PatternError));
  }

  test("extensions of the C library are told apart", () => {
    for (const pattern of ["\\bx", "(a)\\1", "\\<x"]) {
      try {
        matches(pattern, "x");
        expect.unreachable();
      } catch (error) {
        expect(error instanceof PatternError && error.isForeign).toBe(true);
      }
    }
  });
});

describe("bounds", () => {
  test("a pattern that drives backtracking engines mad takes no time", () => {
    const started = performance.now();
    expect(matches("^(a+)+$", `${"a".repeat(2000)}b`)).toBe(false);
    expect(matches("(a|aa)*(b|bb)*c", "a".repeat(2000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test("patterns that would grow without end are none", () => {
    const nested = `${"(".repeat(8)}a${"{200})".repeat(8)}`;
    const empty = `${"(".repeat(8)}${"){200}".repeat(8)}`;
    for (const pattern of [nested, empty, "(".repeat(100), "a".repeat(2000), "a{255}{255}"]) {
      expect(() => matches(pattern, "a")).toThrow(PatternError);
    }
  });

  test("agrees with the language's own engine on what both understand, and never throws else", () => {
    const piece = fc.constantFrom(
      "a",
      "b",
      "c",
      "(",
      ")",
      "|",
      "*",
      "+",
      "?",
      "^",
      "$",
      ".",
      "[ab]",
      "[^a]",
      "{2}",
    );
    const pattern = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(""));
    const value = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 8 }).map((c) => c.join(""));
    fc.assert(
      fc.property(pattern, value, (text, subject) => {
        // What POSIX leaves undefined, or has otherwise: quantifiers of nothing or of anchors.
        const isPlain = !/(^|[(|^$*+?}])[*+?{]|[\])]?\{2\}[*+?{]|\(\)|\|\||\(\||\|\)|^\||\|$/.test(
          text,
        );
        let ours: boolean | undefined;
        try {
          ours = matches(text, subject);
        } catch (error) {
          expect(error).toBeInstanceOf(PatternError);
        }
        if (ours === undefined || !isPlain) return;
        let theirs: boolean | undefined;
        try {
          theirs = new RegExp(text, "s").test(subject);
        } catch {
          return;
        }
        expect(ours).toBe(theirs);
      }),
      { seed: 4, numRuns: 3000 },
    );
  });
});
