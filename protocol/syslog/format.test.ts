import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EncodeError } from "../encode-error.ts";
import {
  formatRfc3164,
  formatRfc5424,
  parseSyslog,
  rfc3164Timestamp,
  rfc5424Timestamp,
  type SyslogFields,
} from "./message.ts";

const parse = (text: string) => parseSyslog(new TextEncoder().encode(text));

const base: SyslogFields = { facility: 16, severity: 6, text: "on line" };

type Loose = { readonly [name in keyof SyslogFields]: SyslogFields[name] | undefined };

/** The fields without the keys that are undefined, as exact optional types want them. */
function compact(fields: Partial<Loose>): SyslogFields {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as unknown as SyslogFields;
}

const charactersOf = (pattern: RegExp, maxLength: number) =>
  fc.stringMatching(pattern).filter((text) => text.length <= maxLength && text !== "-");
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const moment = fc.integer({ min: 0, max: 4_102_444_800_000 });
const text = fc
  .string({ unit: "grapheme", maxLength: 60 })
  .filter((value) => !/[\n\r\0]$/.test(value));

describe("formatRfc3164", () => {
  test.each([
    ["the least", base, "<134>on line"],
    ["a tag", { ...base, tag: "meter" }, "<134>meter: on line"],
    ["a tag and a process id", { ...base, tag: "m", processId: "7" }, "<134>m[7]: on line"],
    [
      "everything",
      { ...base, timestamp: "Oct 11 22:14:15", host: "m1", tag: "boot" },
      "<134>Oct 11 22:14:15 m1 boot: on line",
    ],
    ["no host", { ...base, timestamp: "Oct 11 22:14:15" }, "<134>Oct 11 22:14:15 - on line"],
    ["what has no place", { ...base, messageId: "ID1", processId: "7" }, "<134>on line"],
  ])("%s", (_name, message, expected) => {
    expect(formatRfc3164(message)).toBe(expected);
  });

  test.each([
    ["facility 24", { facility: 24 }],
    ["facility -1", { facility: -1 }],
    ["severity 8", { severity: 8 }],
    ["severity 0.5", { severity: 0.5 }],
    ["a timestamp of RFC 3339", { timestamp: "2003-10-11T22:14:15Z" }],
    ["a host without a timestamp", { host: "m1" }],
    ["a host of two words", { timestamp: "Oct 11 22:14:15", host: "m 1" }],
    ["a tag with a colon", { tag: "a:b" }],
    ["a tag with a bracket", { tag: "a[b" }],
    ["a tag of 49 characters", { tag: "t".repeat(49) }],
    ["a process id with a bracket", { tag: "t", processId: "1]" }],
    ["1025 bytes", { text: "x".repeat(1020) }],
    ["1025 bytes of fewer characters", { text: "é".repeat(510) }],
  ])("%s cannot be written", (_name, change) => {
    expect(() => formatRfc3164({ ...base, ...change })).toThrow(EncodeError);
  });

  test("1024 bytes can", () => {
    expect(formatRfc3164({ ...base, text: "x".repeat(1019) })).toHaveLength(1024);
  });

  test("round trip", () => {
    const tag = charactersOf(/^[A-Za-z0-9_./-]{1,20}$/, 48);
    const fields = fc.record({
      facility: fc.nat(23),
      severity: fc.nat(7),
      timestamp: moment.map((unixMs) => rfc3164Timestamp(unixMs)),
      host: maybe(charactersOf(/^[A-Za-z0-9.:]{1,20}[a-z]$/, 255)),
      tag,
      processId: maybe(charactersOf(/^[0-9]{1,5}$/, 128)),
      text,
    });
    fc.assert(
      fc.property(fields.map(compact), (given) => {
        expect(parse(formatRfc3164(given))).toEqual({ format: "rfc3164", ...given });
      }),
      { seed: 3164, numRuns: 200 },
    );
  });
});

describe("formatRfc5424", () => {
  test.each([
    ["the least", base, "<134>1 - - - - - - on line"],
    ["no text", { ...base, text: "" }, "<134>1 - - - - - -"],
    ["text beyond ASCII has the mark", { ...base, text: "é" }, "<134>1 - - - - - - \ufeffé"],
    ["empty structured data", { ...base, structuredData: [] }, "<134>1 - - - - - - on line"],
    [
      "everything",
      {
        ...base,
        timestamp: "2003-10-11T22:14:15.003Z",
        host: "m1",
        tag: "boot",
        processId: "7",
        messageId: "ID1",
        structuredData: [{ id: "a@1", parameters: [{ name: "b", value: '"]\\' }] }],
      },
      '<134>1 2003-10-11T22:14:15.003Z m1 boot 7 ID1 [a@1 b="\\"\\]\\\\"] on line',
    ],
  ])("%s", (_name, message, expected) => {
    expect(formatRfc5424(message)).toBe(expected);
  });

  const named = (id: string, name = "n") => ({
    structuredData: [{ id, parameters: [{ name, value: "" }] }],
  });

  test.each([
    ["facility 24", { facility: 24 }],
    ["a timestamp of RFC 3164", { timestamp: "Oct 11 22:14:15" }],
    ["a host that is the nil", { host: "-" }],
    ["an empty host", { host: "" }],
    ["a host of 256 characters", { host: "h".repeat(256) }],
    ["a tag of two words", { tag: "a b" }],
    ["a tag of 49 characters", { tag: "t".repeat(49) }],
    ["a process id of 129 characters", { processId: "p".repeat(129) }],
    ["a message id of 33 characters", { messageId: "m".repeat(33) }],
    ["a message id with a line end", { messageId: "m\n" }],
    ["an empty id", named("")],
    ["an id with a blank", named("a b")],
    ["an id of 33 characters", named("i".repeat(33))],
    ["a name with an equals sign", named("a", "b=c")],
    ["a name with a quote", named("a", '"')],
  ])("%s cannot be written", (_name, change) => {
    expect(() => formatRfc5424({ ...base, ...change })).toThrow(EncodeError);
  });

  test("round trip", () => {
    const name = charactersOf(/^[!#-<>-\\^-~]{1,32}$/, 32);
    const parameter = fc.record({ name, value: fc.string({ unit: "grapheme", maxLength: 20 }) });
    const element = fc.record({ id: name, parameters: fc.array(parameter, { maxLength: 3 }) });
    const word = (maxLength: number) => maybe(charactersOf(/^[!-~]{1,40}$/, maxLength));
    const fields = fc.record({
      facility: fc.nat(23),
      severity: fc.nat(7),
      timestamp: maybe(moment.map(rfc5424Timestamp)),
      host: word(255),
      tag: word(48),
      processId: word(128),
      messageId: word(32),
      structuredData: maybe(fc.array(element, { minLength: 1, maxLength: 3 })),
      text,
    });
    fc.assert(
      fc.property(fields.map(compact), (given) => {
        expect(parse(formatRfc5424(given))).toEqual({ format: "rfc5424", ...given });
      }),
      { seed: 5424, numRuns: 200 },
    );
  });
});

describe("timestamps", () => {
  const unixMs = Date.parse("2026-03-01T00:30:05.250Z");

  test.each([
    ["UTC", 0, "Mar  1 00:30:05"],
    ["an hour west, the day before", -60, "Feb 28 23:30:05"],
    ["nine hours east", 540, "Mar  1 09:30:05"],
  ])("RFC 3164, %s", (_name, offsetMinutes, expected) => {
    expect(rfc3164Timestamp(unixMs, offsetMinutes)).toBe(expected);
  });

  test("RFC 5424", () => {
    expect(rfc5424Timestamp(unixMs)).toBe("2026-03-01T00:30:05.250Z");
  });
});
