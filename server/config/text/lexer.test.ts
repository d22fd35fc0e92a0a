import { describe, expect, test } from "vitest";
import { formatDiagnostic } from "./diagnostic.ts";
import { Lexer, stringBytes, Token } from "./lexer.ts";
import { SourceFile } from "./source-file.ts";

function tokensOf(text: string): string[] {
  const lexer = new Lexer(new SourceFile("f", text));
  const tokens: string[] = [];
  for (; lexer.kind !== Token.end; lexer.next()) tokens.push(lexer.raw);
  return tokens;
}

describe("CONF-2: tokens, blanks and comments", () => {
  const cases: readonly (readonly [text: string, tokens: string[]])[] = [
    ["", []],
    [" \t\r\n\f", []],
    ["a#b\nc # d", ["a", "c"]],
    ['"a # b"#c', ['"a # b"']],
    ['"a \\" b"c', ['"a \\" b"', "c"]],
    ["x.y-z_1:00:0A", ["x", ".", "y-z_1", ":", "00", ":", "0A"]],
    ["-10800 a - b", ["-10800", "a", "-", "b"]],
    ["a!=b~=c~~d=e", ["a", "!=", "b", "~=", "c", "~~", "d", "=", "e"]],
    ["{};,()", ["{", "}", ";", ",", "(", ")"]],
    ["é", ["é"]],
    ["!~", ["!", "~"]],
  ];
  for (const [text, tokens] of cases) {
    test(JSON.stringify(text), () => expect(tokensOf(text)).toEqual(tokens));
  }

  test("a string without its end reaches to the end of the file, and says so", () => {
    for (const text of ['"abc', '"', '"abc\\"', '"abc\\']) {
      const lexer = new Lexer(new SourceFile("f", text));
      expect([lexer.kind, lexer.isClosed, lexer.end]).toEqual([Token.string, false, text.length]);
    }
  });

  test("looking ahead and coming back", () => {
    const lexer = new Lexer(new SourceFile("f", "one # x\n two three"));
    expect(lexer.isFollowedBy("two")).toBe(true);
    lexer.next();
    expect([lexer.raw, lexer.startsLine]).toEqual(["two", true]);
    lexer.next();
    expect(lexer.startsLine).toBe(false);
    lexer.rewind(0);
    expect(lexer.raw).toBe("one");
  });
});

describe("strings", () => {
  const cases: readonly (readonly [quoted: string, bytes: number[]])[] = [
    ['""', []],
    ['"ab"', [97, 98]],
    ['"\\t\\r\\n\\b"', [9, 13, 10, 8]],
    ['"\\x41\\xfFg"', [0x41, 0xff, 0x67]],
    ['"\\x4"', [0x78, 0x34]],
    ['"\\000foo"', [0, 102, 111, 111]],
    ['"\\377\\400"', [255, 0x34, 0x30, 0x30]],
    ['"\\q\\\\\\""', [0x71, 0x5c, 0x22]],
    ['"a\nb"', [97, 10, 98]],
    ['"€😀"', [...new TextEncoder().encode("€😀")]],
    // A file is read one character a byte, so these are the two bytes of an é.
    ['"\u00c3\u00a9"', [0xc3, 0xa9]],
  ];
  for (const [quoted, bytes] of cases) {
    test(JSON.stringify(quoted), () => expect([...stringBytes(quoted)]).toEqual(bytes));
  }
});

describe("places and their pictures", () => {
  test("lines and columns from 1, also at the end and after CRLF", () => {
    const file = new SourceFile("f", "ab\r\ncd\n");
    expect(file.placeOf(0)).toEqual({ line: 1, column: 1, text: "ab" });
    expect(file.placeOf(5)).toEqual({ line: 2, column: 2, text: "cd" });
    expect(file.placeOf(7)).toEqual({ line: 3, column: 1, text: "" });
  });

  test("tabs are expanded, control characters are not passed on, long lines are cut", () => {
    const picture = (text: string, column: number) =>
      formatDiagnostic({ file: "f", line: 1, column, text, message: "m" }).split("\n").slice(1);
    expect(picture("\ta\tb", 4)).toEqual(["        a       b", `${" ".repeat(16)}^`]);
    expect(picture("a\x1b[2Jb", 6)).toEqual(["a?[2Jb", "     ^"]);
    const [line, caret] = picture(`${"x".repeat(500)}!${"y".repeat(500)}`, 501);
    expect(line.length).toBeLessThanOrEqual(80);
    expect(line[caret.indexOf("^")]).toBe("!");
  });
});
