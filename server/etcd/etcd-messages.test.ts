import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeLease,
  decodeRange,
  decodeRevision,
  decodeToken,
  decodeTransaction,
  decodeWatch,
  encodeAuthenticate,
  encodeLease,
  encodeLeaseGrant,
  encodeRange,
  encodeTransaction,
  encodeWatch,
  endOfPrefix,
} from "./etcd-messages.ts";
import { fieldsOf, MessageWriter, ProtobufError } from "./protobuf.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

// Worked out by hand from rpc.proto: field number times 8 plus kind, length, bytes.
describe("requests as etcd's rpc.proto has them", () => {
  test("a transaction: guards, puts, and what to read instead", () => {
    const bytes = encodeTransaction({
      guards: [
        { key: "a", modRevision: 300 },
        { key: "b", value: ascii("7") },
      ],
      puts: [{ key: "k", value: ascii("v") }],
      reads: ["a"],
    });
    const byRevision = "0a0a" + "0800" + "1002" + "1a0161" + "30ac02";
    const byValue = "0a0a" + "0800" + "1003" + "1a0162" + "3a0137";
    const put = "1208" + "1206" + "0a016b" + "120176";
    const read = "1a05" + "0a03" + "0a0161";
    expect(hex(bytes)).toBe(byRevision + byValue + put + read);
  });

  test("a range and a watch", () => {
    expect(hex(encodeRange({ key: "a", end: "b", limit: 5, revision: 128 }))).toBe(
      "0a0161" + "120162" + "1805" + "208001",
    );
    expect(hex(encodeRange({ key: "a" }))).toBe("0a0161");
    expect(hex(encodeWatch("a", "b", 9))).toBe("0a08" + "0a0161" + "120162" + "1809");
    expect(hex(encodeWatch("a", undefined, 9))).toBe("0a05" + "0a0161" + "1809");
  });

  test("a lease: granted, kept alive, and in a put", () => {
    expect(hex(encodeLeaseGrant(300, 5))).toBe("0805" + "10ac02");
    expect(hex(encodeLease(300))).toBe("08ac02");
    const puts = [{ key: "k", value: ascii("v"), lease: 2 ** 48 }];
    const bytes = encodeTransaction({ guards: [], puts, reads: [] });
    const lease = "18" + "80808080808040";
    expect(hex(bytes)).toBe(`1210120e0a016b120176${lease}`);
  });

  test("who somebody is", () => {
    expect(hex(encodeAuthenticate("ab", "c"))).toBe("0a026162" + "120163");
  });

  test("the end of a prefix is the first key that does not begin with it", () => {
    expect(endOfPrefix("/p/")).toBe("/p0");
  });
});

const header = (revision: number): MessageWriter =>
  new MessageWriter().number(1, 99).number(2, 98).number(3, revision).number(4, 2);
const keyValue = (key: string, value: string, modRevision: number): MessageWriter =>
  new MessageWriter()
    .bytes(1, ascii(key))
    .number(2, 1)
    .number(3, modRevision)
    .bytes(5, ascii(value));

describe("answers", () => {
  test("of a transaction", () => {
    const range = new MessageWriter()
      .message(1, header(40))
      .message(2, keyValue("k", "v", 2 ** 40 + 1));
    const bytes = new MessageWriter()
      .message(1, header(41))
      .message(3, new MessageWriter().message(1, range))
      .finish();
    expect(decodeTransaction(bytes)).toEqual({
      succeeded: false,
      revision: 41,
      found: [{ key: "k", value: ascii("v"), modRevision: 2 ** 40 + 1 }],
    });
    const done = new MessageWriter().message(1, header(5)).number(2, 1).finish();
    expect(decodeTransaction(done)).toEqual({ succeeded: true, revision: 5, found: [] });
  });

  test("of a lease: its time to live, or none any more", () => {
    const granted = new MessageWriter().message(1, header(9)).number(2, 300).number(3, 5);
    expect(decodeLease(granted.finish())).toBe(5);
    const gone = new MessageWriter().message(1, header(9)).number(2, 300);
    expect(decodeLease(gone.finish())).toBe(0);
  });

  test("of a deletion: its revision; of an authentication: the token", () => {
    const deleted = new MessageWriter().message(1, header(9)).number(2, 3);
    expect(decodeRevision(deleted.finish())).toBe(9);
    const known = new MessageWriter().message(1, header(9)).bytes(2, ascii("abc.7"));
    expect(decodeToken(known.finish())).toBe("abc.7");
    expect(() => decodeToken(deleted.finish())).toThrow(ProtobufError);
  });

  test("without a revision they are none", () => {
    expect(() => decodeRevision(new Uint8Array(0))).toThrow(ProtobufError);
    expect(() => decodeLease(new Uint8Array(0))).toThrow(ProtobufError);
    expect(() => decodeTransaction(new Uint8Array(0))).toThrow(ProtobufError);
    expect(() => decodeRange(new Uint8Array(0))).toThrow(ProtobufError);
  });

  test("of a watch: created, events, compacted", () => {
    const event = new MessageWriter().message(2, keyValue("k", "v", 7));
    const gone = new MessageWriter().number(1, 1).message(2, keyValue("k", "", 8));
    const events = new MessageWriter().message(1, header(9)).message(11, event).message(11, gone);
    expect(decodeWatch(events.finish())).toEqual({
      ...{ cancelReason: undefined, compactRevision: 0 },
      events: [
        { key: "k", value: ascii("v"), modRevision: 7, isDeleted: false },
        { key: "k", value: ascii(""), modRevision: 8, isDeleted: true },
      ],
    });
    const over = new MessageWriter().message(1, header(9)).number(4, 1).number(5, 6);
    expect(decodeWatch(over.finish())).toMatchObject({ cancelReason: "", compactRevision: 6 });
    const refused = new MessageWriter().message(1, header(9)).number(4, 1).bytes(6, ascii("no"));
    expect(decodeWatch(refused.finish())).toMatchObject({ cancelReason: "no", events: [] });
  });

  const decoders = [
    ...[decodeLease, decodeRange, decodeTransaction, decodeWatch],
    ...[decodeRevision, decodeToken],
  ];
  test("any bytes are read, or refused as what they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        for (const decode of decoders) {
          try {
            decode(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(ProtobufError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("numbers and bytes come back as they were written", () => {
    const anyField = fc.record({
      field: fc.integer({ min: 1, max: 100 }),
      value: fc.oneof(fc.maxSafeNat(), fc.uint8Array({ maxLength: 300 })),
    });
    fc.assert(
      fc.property(fc.array(anyField, { maxLength: 20 }), (written) => {
        const writer = new MessageWriter(1);
        for (const { field, value } of written) {
          if (typeof value === "number") writer.number(field, value);
          else writer.bytes(field, value);
        }
        const read = fieldsOf(writer.finish());
        expect(read.map(({ field }) => field)).toEqual(written.map(({ field }) => field));
        for (const [at, { value }] of written.entries()) {
          if (typeof value === "number") expect(read[at].number).toBe(value);
          else expect(hex(read[at].bytes)).toBe(hex(value));
        }
      }),
    );
  });
});
