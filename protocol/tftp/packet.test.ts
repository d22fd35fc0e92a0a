import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DecodeError } from "../decode-error.ts";
import { bytesOfHex } from "../dhcp/samples.testing.ts";
import { EncodeError } from "../encode-error.ts";
import { decodeEveryTruncation, decodeOrReject } from "../truncations.testing.ts";
import {
  BLOCK_BYTES_MAX,
  decodeTftp,
  ERROR_MESSAGE_BYTES_MAX,
  encodeAck,
  encodeData,
  encodeDataHeader,
  encodeError,
  encodeOptionAck,
  encodeReadRequest,
  encodeWriteRequest,
  OPTIONS_MAX,
  REQUEST_BYTES_MAX,
  type TftpPacket,
  tftpErrorCodes,
} from "./packet.ts";

const utf8 = new TextEncoder();

/** Text in which `|` stands for a NUL, behind an opcode. */
function packetOf(opcode: number, text: string): Uint8Array {
  return Uint8Array.of(0, opcode, ...utf8.encode(text.replaceAll("|", "\0")));
}

function encode(packet: TftpPacket, target: Uint8Array, start: number): number {
  switch (packet.kind) {
    case "read-request":
      return encodeReadRequest(target, start, packet);
    case "write-request":
      return encodeWriteRequest(target, start, packet);
    case "data":
      return encodeData(target, start, packet.block, packet.bytes);
    case "ack":
      return encodeAck(target, start, packet.block);
    case "error":
      return encodeError(target, start, packet.code, packet.message);
    case "option-ack":
      return encodeOptionAck(target, start, packet.options);
  }
}

const layouts: readonly (readonly [string, TftpPacket, Uint8Array])[] = [
  [
    "a plain read request",
    { kind: "read-request", filename: "cm/a.cfg", mode: "octet", options: [] },
    packetOf(1, "cm/a.cfg|octet|"),
  ],
  [
    "a read request with the options of RFC 2348, 2349 and 7440",
    {
      kind: "read-request",
      filename: "IMAGE.zip",
      mode: "netascii",
      options: [
        { name: "blksize", value: "1428" },
        { name: "tsize", value: "0" },
        { name: "timeout", value: "5" },
        { name: "windowsize", value: "16" },
      ],
    },
    packetOf(1, "IMAGE.zip|netascii|blksize|1428|tsize|0|timeout|5|windowsize|16|"),
  ],
  [
    "a write request",
    { kind: "write-request", filename: "x", mode: "mail", options: [] },
    packetOf(2, "x|mail|"),
  ],
  ["DATA", { kind: "data", block: 0x1234, bytes: bytesOfHex("00ff") }, bytesOfHex("0003123400ff")],
  ["an empty DATA", { kind: "data", block: 65_535, bytes: bytesOfHex("") }, bytesOfHex("0003ffff")],
  ["ACK", { kind: "ack", block: 0 }, bytesOfHex("00040000")],
  [
    "ERROR",
    { kind: "error", code: tftpErrorCodes.fileNotFound, message: "no such file" },
    Uint8Array.of(0, 5, 0, 1, ...utf8.encode("no such file\0")),
  ],
  [
    "OACK",
    { kind: "option-ack", options: [{ name: "blksize", value: "1024" }] },
    packetOf(6, "blksize|1024|"),
  ],
  ["an OACK of nothing", { kind: "option-ack", options: [] }, bytesOfHex("0006")],
];

describe("layout (RFC 1350, section 5; RFC 2347)", () => {
  test.each(layouts)("%s", (_name, packet, bytes) => {
    expect(decodeTftp(bytes)).toEqual(packet);
    const target = new Uint8Array(600).fill(0xee);
    const end = encode(packet, target, 3);
    expect(target.subarray(3, end)).toEqual(bytes);
    expect([target[2], target[end]]).toEqual([0xee, 0xee]);
  });

  test.each(layouts)(
    "%s: every truncation is a value or a DecodeError",
    (_name, _packet, bytes) => {
      expect(decodeEveryTruncation(decodeTftp, bytes)).toBeGreaterThan(0);
    },
  );

  test.each(layouts)("%s: no room is an EncodeError, never a short packet", (_n, packet, bytes) => {
    // An ERROR's message is cut off instead: it needs its four bytes and a NUL.
    const needed = packet.kind === "error" ? 5 : bytes.length;
    for (let room = 0; room < needed; room += 1) {
      expect(() => encode(packet, new Uint8Array(room), 0)).toThrow(EncodeError);
    }
  });

  test("the bytes of DATA are a view of the packet", () => {
    const bytes = bytesOfHex("00030001aabb");
    const packet = decodeTftp(bytes);
    if (packet.kind !== "data") throw new Error(`got ${packet.kind}`);
    bytes[4] = 0x11;
    expect(packet.bytes).toEqual(bytesOfHex("11bb"));
  });

  test("a block number is written modulo 65,536", () => {
    const target = new Uint8Array(4);
    encodeAck(target, 0, 65_536 + 5);
    expect(target).toEqual(bytesOfHex("00040005"));
    encodeDataHeader(target, 0, 65_536);
    expect(target).toEqual(bytesOfHex("00030000"));
  });
});

describe("what peers do differently", () => {
  test.each([
    [
      "mode and option names in any case",
      "f|OcTeT|BLKSIZE|512|",
      [{ name: "blksize", value: "512" }],
    ],
    ["NULs behind the mode", "f|octet|||||", []],
    ["NULs behind the options", "f|octet|tsize|0|||", [{ name: "tsize", value: "0" }]],
    ["an option without a value", "f|octet|multicast||", [{ name: "multicast", value: "" }]],
    [
      "an option twice is the negotiation's affair",
      "f|octet|a|1|A|2|",
      [
        { name: "a", value: "1" },
        { name: "a", value: "2" },
      ],
    ],
  ])("%s", (_name, text, options) => {
    const expected = { kind: "read-request", filename: "f", mode: "octet", options };
    expect(decodeTftp(packetOf(1, text))).toEqual(expected);
  });

  test("an ACK in a whole buffer", () => {
    expect(decodeTftp(bytesOfHex("0004 0007 ffffffff"))).toEqual({ kind: "ack", block: 7 });
  });

  test.each([
    ["without its NUL", "0005 0002 6e6f", { code: 2, message: "no" }],
    ["with bytes behind the NUL", "0005 0002 6e6f 00 6e6f", { code: 2, message: "no" }],
    ["with no message at all", "0005 0063", { code: 99, message: "" }],
    ["that is not UTF-8", "0005 0000 41ff42 00", { code: 0, message: "A\ufffdB" }],
  ])("an ERROR %s", (_name, hex, expected) => {
    expect(decodeTftp(bytesOfHex(hex))).toEqual({ kind: "error", ...expected });
  });

  test("a message of an ERROR is read up to its limit", () => {
    const bytes = packetOf(5, `||${"x".repeat(2000)}`);
    expect(decodeTftp(bytes)).toEqual({
      kind: "error",
      code: 0,
      message: "x".repeat(ERROR_MESSAGE_BYTES_MAX),
    });
  });

  test("a path is passed on as it is: the jail is the server's", () => {
    const packet = decodeTftp(packetOf(1, "../../etc/passwd|octet|"));
    expect(packet).toMatchObject({ filename: "../../etc/passwd" });
  });

  test("a file name in UTF-8", () => {
    expect(decodeTftp(packetOf(1, "設定.cfg|octet|"))).toMatchObject({ filename: "設定.cfg" });
  });
});

describe("hostile packets", () => {
  test.each([
    ["nothing", bytesOfHex(""), "truncated"],
    ["half an opcode", bytesOfHex("00"), "truncated"],
    ["opcode 0", bytesOfHex("0000"), "bad-operation"],
    ["opcode 7", bytesOfHex("0007 0001"), "bad-operation"],
    ["opcode 257", bytesOfHex("0101 6600 6f6374657400"), "bad-operation"],
    ["DATA without a block", bytesOfHex("0003 00"), "truncated"],
    ["ACK without a block", bytesOfHex("0004"), "truncated"],
    ["ERROR without a code", bytesOfHex("0005 00"), "truncated"],
    ["a request of two bytes", bytesOfHex("0001"), "missing-end"],
    ["a file name that does not end", packetOf(1, "boot"), "missing-end"],
    ["a mode that does not end", packetOf(1, "boot|octet"), "missing-end"],
    ["no file name", packetOf(1, "|octet|"), "bad-option-value"],
    ["no mode", packetOf(1, "f||"), "bad-option-value"],
    ["an unknown mode", packetOf(1, "f|binary|"), "bad-option-value"],
    ["a line end in a file name", packetOf(1, "f\nforged log line|octet|"), "bad-option-value"],
    ["an escape sequence in a file name", packetOf(1, "\x1b[2J|octet|"), "bad-option-value"],
    ["DEL in a file name beyond ASCII", packetOf(1, "é\x7f|octet|"), "bad-option-value"],
    ["a control character in an option", packetOf(1, "f|octet|a\r|1|"), "bad-option-value"],
    ["a file name that is not UTF-8", bytesOfHex("0001 66ff00 6f6374657400"), "bad-option-value"],
    ["an overlong `/` in UTF-8", bytesOfHex("0001 c0af00 6f6374657400"), "bad-option-value"],
    ["an option name that does not end", packetOf(1, "f|octet|blksize"), "truncated-option"],
    ["an option without its value", packetOf(1, "f|octet|blksize|"), "truncated-option"],
    ["a value that does not end", packetOf(6, "blksize|512"), "truncated-option"],
    ["an option without a name", packetOf(1, "f|octet||512|"), "bad-option-value"],
    ["an OACK option without a name", packetOf(6, "|512|"), "bad-option-value"],
    ["a request too long", packetOf(1, `${"f".repeat(REQUEST_BYTES_MAX)}|octet|`), "too-long"],
    ["an OACK too long", packetOf(6, `a|${"1".repeat(REQUEST_BYTES_MAX)}|`), "too-long"],
    ["a block too long", new Uint8Array(BLOCK_BYTES_MAX + 5).fill(3, 1, 2), "too-long"],
    [
      "options without end",
      packetOf(1, `f|octet|${"a||".repeat(OPTIONS_MAX + 1)}`),
      "too-many-options",
    ],
  ])("%s", (_name, bytes, code) => {
    const result = decodeOrReject(decodeTftp, bytes);
    expect(result).toMatchObject({ kind: "rejected", error: { code } });
  });

  test("the limits themselves are inside", () => {
    const name = "f".repeat(REQUEST_BYTES_MAX - "12octet|".length - 1);
    expect(decodeTftp(packetOf(1, `${name}|octet|`))).toMatchObject({ filename: name });
    const options = decodeTftp(packetOf(6, "a||".repeat(OPTIONS_MAX)));
    expect(options).toHaveProperty("options.length", OPTIONS_MAX);
    const block = new Uint8Array(BLOCK_BYTES_MAX + 4).fill(3, 1, 2);
    expect(decodeTftp(block)).toHaveProperty("bytes.length", BLOCK_BYTES_MAX);
  });

  test("any bytes behind any opcode are a value or a DecodeError", () => {
    const bytes = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(fc.nat(8), bytes, (opcode, rest) => {
        decodeOrReject(decodeTftp, Uint8Array.of(0, opcode, ...rest));
      }),
      { seed: 1350, numRuns: 500 },
    );
  });

  test("requests with a byte changed are a value or a DecodeError", () => {
    const sample = layouts[1][2];
    fc.assert(
      fc.property(fc.nat(sample.length - 1), fc.nat(255), (at, byte) => {
        const bytes = sample.slice();
        bytes[at] = byte;
        decodeEveryTruncation(decodeTftp, bytes);
      }),
      { seed: 2347 },
    );
  });
});

describe("round trip", () => {
  const text = fc
    .string({ unit: "binary", maxLength: 20 })
    .filter((value) => !/\p{Cc}/u.test(value));
  const name = text.filter((value) => value !== "");
  const option = fc.record({ name: name.map((value) => value.toLowerCase()), value: text });
  // Some characters have no stable lower case; a name must survive the decoder's.
  const stable = option.filter((value) => value.name.toLowerCase() === value.name);
  const options = fc.array(stable, { maxLength: 3 });
  const block = fc.nat(65_535);
  const packet: fc.Arbitrary<TftpPacket> = fc.oneof(
    fc.record({
      kind: fc.constantFrom("read-request" as const, "write-request" as const),
      filename: name,
      mode: fc.constantFrom("octet" as const, "netascii" as const, "mail" as const),
      options,
    }),
    fc.record({ kind: fc.constant("data" as const), block, bytes: fc.uint8Array() }),
    fc.record({ kind: fc.constant("ack" as const), block }),
    fc.record({ kind: fc.constant("error" as const), code: fc.nat(65_535), message: text }),
    fc.record({ kind: fc.constant("option-ack" as const), options }),
  );

  test("every packet comes back as it was", () => {
    const target = new Uint8Array(2048);
    fc.assert(
      fc.property(packet, fc.nat(500), (given, start) => {
        const end = encode(given, target, start);
        expect(decodeTftp(target.subarray(start, end))).toEqual(given);
      }),
      { seed: 2349, numRuns: 300 },
    );
  });
});

describe("what cannot be written", () => {
  const target = new Uint8Array(70_000);
  const option = { name: "a", value: "1" };

  test.each([
    [
      "a request without a file name",
      () => encodeReadRequest(target, 0, { filename: "", mode: "octet" }),
    ],
    [
      "a NUL in a file name",
      () => encodeReadRequest(target, 0, { filename: "a\0b", mode: "octet" }),
    ],
    [
      "a request of more than 512 bytes",
      () => encodeWriteRequest(target, 0, { filename: "f".repeat(505), mode: "octet" }),
    ],
    ["an option without a name", () => encodeOptionAck(target, 0, [{ name: "", value: "1" }])],
    ["a NUL in a value", () => encodeOptionAck(target, 0, [{ name: "a", value: "\0" }])],
    ["an OACK of more than 512 bytes", () => encodeOptionAck(target, 0, Array(200).fill(option))],
    [
      "a block beyond RFC 2348",
      () => encodeData(target, 0, 1, new Uint8Array(BLOCK_BYTES_MAX + 1)),
    ],
  ])("%s", (_name, write) => {
    expect(write).toThrow(EncodeError);
  });

  test.each([
    ["long", "x".repeat(600), "x".repeat(ERROR_MESSAGE_BYTES_MAX - 1)],
    ["long beyond ASCII, cut between characters", "é".repeat(600), "é".repeat(253)],
    ["holding a NUL", "a\0b", "a"],
  ])("a message of an ERROR is cut off when %s", (_name, message, expected) => {
    const end = encodeError(target, 0, 0, message);
    expect(decodeTftp(target.subarray(0, end))).toEqual({
      kind: "error",
      code: 0,
      message: expected,
    });
  });

  test("a message of an ERROR is cut off where the target ends", () => {
    const small = new Uint8Array(8);
    expect(encodeError(small, 0, 1, "no such file")).toBe(8);
    expect(decodeTftp(small)).toEqual({ kind: "error", code: 1, message: "no " });
  });
});

test("a refusal carries no stack", () => {
  const result = decodeOrReject(decodeTftp, bytesOfHex("0009"));
  if (result.kind !== "rejected") throw new Error("decoded");
  expect(result.error).toBeInstanceOf(DecodeError);
  expect(result.error.stack ?? "").not.toContain("decode-packet");
});
