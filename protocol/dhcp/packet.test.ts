import { describe, expect, test } from "vitest";
import { DecodeError } from "../decode-error.ts";
import { formatMac } from "../mac.ts";
import { MessageType } from "./message-type.ts";
import { OptionCode } from "./option-code.ts";
import { OptionIndex } from "./option-index.ts";
import { decodePacket, messageType, PacketDecoder } from "./packet.ts";
import { bytesOfHex, samplePackets } from "./samples.testing.ts";

const utf8 = new TextDecoder();

function sample(name: string): Uint8Array {
  const found = samplePackets.find((packet) => packet.name.startsWith(name));
  if (found === undefined) throw new Error(`no sample ${name}`);
  return found.bytes;
}

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : utf8.decode(bytes);
}

/** The smallest good message, with these options before End. */
function withOptions(options: string): Uint8Array {
  const bytes = sample("INFORM").slice(0, 240);
  return Uint8Array.of(...bytes, ...bytesOfHex(options), 255);
}

function codeOf(bytes: Uint8Array): string {
  try {
    decodePacket(bytes);
    return "decoded";
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return error.code;
  }
}

describe("sample packets", () => {
  test.each(samplePackets)("$name decodes (MSG)", ({ bytes, messageType: expected }) => {
    expect(messageType(decodePacket(bytes))).toBe(expected);
  });

  test.each(samplePackets)("$name: each truncation is a value or a DecodeError", ({ bytes }) => {
    for (let end = 0; end < bytes.length; end += 1) {
      const code = codeOf(bytes.subarray(0, end));
      if (end < 241) expect(code).toBe("truncated");
    }
  });

  test.each(samplePackets)("$name: each changed byte is a value or a DecodeError", ({ bytes }) => {
    const copy = bytes.slice();
    for (let at = 0; at < bytes.length; at += 1) {
      for (const flip of [0x01, 0x80, 0xff, bytes[at], bytes[at] ^ 0xff]) {
        copy[at] = bytes[at] ^ flip;
        codeOf(copy);
      }
      copy[at] = bytes[at];
    }
  });
});

describe("decodePacket", () => {
  test("reads the header of a relayed DISCOVER", () => {
    const packet = decodePacket(sample("DISCOVER of a CPE"));
    expect(packet).toMatchObject({ op: 1, htype: 1, hlen: 6, hops: 1, xid: 0x00c0_ffee });
    expect(packet).toMatchObject({ secs: 0, flags: 0x8000, ciaddr: 0, giaddr: 0x7f40_0001 });
    expect(formatMac(packet.chaddr)).toBe("02:30:00:00:00:07");
    expect(packet.options.getUInt32(OptionCode.requestedAddress)).toBe(0x7f40_0aff);
    expect(packet.options.codes()).toEqual([53, 12, 50, 61, 81, 55, 82]);
    expect(packet.options.get(60)).toBeUndefined();
    expect(packet.options.has(60)).toBe(false);
    expect(packet.bytes).toHaveLength(sample("DISCOVER of a CPE").length);
  });

  test("numbers are unsigned from 128.0.0.0 upwards", () => {
    const bytes = sample("udhcpc DISCOVER").slice();
    bytes.fill(0xff, 4, 28);
    expect(decodePacket(bytes)).toMatchObject({
      xid: 0xffff_ffff,
      secs: 0xffff,
      flags: 0xffff,
      ciaddr: 0xffff_ffff,
      giaddr: 0xffff_ffff,
    });
  });

  test("sname and file end at the first NUL", () => {
    const packet = decodePacket(sample("ACK with options 122"));
    expect(text(packet.sname)).toBe("prov.example.net");
    expect(text(packet.file)).toBe("mta/basic.bin");
    const full = sample("ACK with options 122").slice();
    full.fill(0x61, 44, 236);
    expect(decodePacket(full).sname).toHaveLength(64);
    expect(decodePacket(full).file).toHaveLength(128);
  });

  test("joins an option that dhcpd split over options, file and sname", () => {
    const { options, sname, file } = decodePacket(sample("dhcpd OFFER over options"));
    expect(text(options.get(OptionCode.bootfileName))).toBe(
      "cm/basic-profile-with-a-rather-long-name-for-the-option-field.cfg",
    );
    expect(options.getUInt32(OptionCode.tftpServerAddress)).toBe(0xc000_0207);
    expect(sname).toHaveLength(0);
    expect(file).toHaveLength(0);
  });

  test("finds option 82 behind option 52 of a field that dhcpd filled", () => {
    const { options } = decodePacket(sample("dhcpd OFFER to a relay"));
    expect(options.get(OptionCode.relayAgentInformation)).toEqual(
      bytesOfHex("0104000000070206021000000020"),
    );
  });

  test("joins the instances of an option (RFC 3396) and keeps the one between", () => {
    const { options } = decodePacket(sample("ACK with an option of 300"));
    const value = options.get(43);
    expect(value).toHaveLength(300);
    expect([value?.[0], value?.[254], value?.[255], value?.[299]]).toEqual([
      0xa5, 0xa5, 0x5a, 0x5a,
    ]);
    expect(text(options.get(12))).toBe("a");
    expect(options.codes()).toEqual([53, 54, 51, 43, 12]);
  });

  test("reads a number that came in two instances", () => {
    const { options } = decodePacket(withOptions("35 01 01  33 01 00  33 03 01e240"));
    expect(options.getUInt32(OptionCode.leaseTime)).toBe(123_456);
  });

  test.each([
    ["getUInt8", 0xff],
    ["getUInt16", 0xfffe],
    ["getUInt32", 0xffff_fffd],
  ] as const)("%s is undefined for another length, never padded", (method, value) => {
    const { options } = decodePacket(
      withOptions("c8 01 ff  c9 02 fffe  ca 04 fffffffd  cb 03 010203"),
    );
    const read = [200, 201, 202, 203, 204].map((code) => options[method](code));
    expect(read.filter((number) => number !== undefined)).toEqual([value]);
  });

  test("bytes after End are ignored", () => {
    const bytes = Uint8Array.of(...withOptions("35 01 08"), 53, 200);
    expect(messageType(decodePacket(bytes))).toBe(MessageType.inform);
  });

  test.each([
    ["nothing", new Uint8Array(0), "truncated"],
    ["a header without options", sample("INFORM").subarray(0, 240), "truncated"],
    ["more than a datagram", new Uint8Array(65_536), "too-long"],
    ["operation 0", patched(0, 0), "bad-operation"],
    ["operation 3", patched(0, 3), "bad-operation"],
    ["a hardware address of 17 bytes", patched(2, 17), "bad-hardware-length"],
    ["another cookie", patched(239, 0x64), "bad-cookie"],
    ["no End", withOptions("35 01 08").subarray(0, 243), "missing-end"],
    ["only pads", withOptions("00 00").subarray(0, 242), "missing-end"],
    ["a code without a length", withOptions("35 01 08 3c").subarray(0, 244), "truncated-option"],
    ["an option beyond the end", withOptions("35 01 08 3c 20 61"), "truncated-option"],
    ["256 options", withOptions("c8 00".repeat(256)), "too-many-options"],
    ["message type 0", withOptions("35 01 00"), "bad-option-value"],
    ["a message type of 2 bytes", withOptions("35 02 0101"), "bad-option-length"],
    ["two message types", withOptions("35 01 01 35 01 03"), "bad-option-length"],
    ["a message type with an empty twin", withOptions("35 01 01 35 00"), "bad-option-length"],
    ["a requested address of 3 bytes", withOptions("32 03 010203"), "bad-option-length"],
    ["a server identifier of 5 bytes", withOptions("36 05 0102030405"), "bad-option-length"],
    ["a lease time of 2 bytes", withOptions("33 02 0001"), "bad-option-length"],
    ["a message size of 1 byte", withOptions("39 01 01"), "bad-option-length"],
    ["a subnet selection of 0 bytes", withOptions("76 00"), "bad-option-length"],
    ["overload 0", withOptions("34 01 00"), "bad-overload"],
    ["overload 4", withOptions("34 01 04"), "bad-overload"],
    ["an overload of 2 bytes", withOptions("34 02 0101"), "bad-overload"],
    ["an empty overload", withOptions("34 00"), "bad-overload"],
    ["an overloaded file without End", withOptions("34 01 01"), "missing-end"],
    ["an overloaded sname without End", withOptions("34 01 02"), "missing-end"],
    ["an overload inside file", overloaded("34 01 02 ff"), "bad-overload"],
    ["an option that leaves file", overloaded("3c 7f"), "truncated-option"],
    [
      "option 82 with a loose byte",
      withOptions("52 05 01 02 0000 07"),
      "bad-relay-agent-information",
    ],
    [
      "option 82 with a sub-option too long",
      withOptions("52 03 01 02 00"),
      "bad-relay-agent-information",
    ],
    ["an empty option 82", withOptions("52 00"), "bad-relay-agent-information"],
  ])("%s is refused", (_name, bytes, code) => {
    expect(codeOf(bytes)).toBe(code);
  });

  test("End may only be missing behind option 52", () => {
    const file = overloaded("3c 01 61 ff");
    expect(codeOf(file.subarray(0, 243))).toBe("decoded");
    expect(codeOf(Uint8Array.of(...file.subarray(0, 243), 12, 1, 0x61))).toBe("missing-end");
    expect(codeOf(withOptions("52 03 010100").subarray(0, 245))).toBe("missing-end");
  });

  test("an error names its place and carries no stack", () => {
    const error = captured(withOptions("35 01 08 3c 20 61"));
    expect(error).toMatchObject({ code: "truncated-option", offset: 243, name: "DecodeError" });
    expect(error?.message).toBe("truncated-option at byte 243");
    expect(error?.stack?.split("\n")).toHaveLength(1);
    expect(Error.stackTraceLimit).toBeGreaterThan(0);
  });
});

function patched(at: number, byte: number): Uint8Array {
  const bytes = sample("INFORM").slice();
  bytes[at] = byte;
  return bytes;
}

/** A message whose file field holds these options. */
function overloaded(file: string): Uint8Array {
  const bytes = withOptions("34 01 01");
  bytes.set(bytesOfHex(file), 108);
  return bytes;
}

function captured(bytes: Uint8Array): DecodeError | undefined {
  try {
    decodePacket(bytes);
    return undefined;
  } catch (error) {
    return error instanceof DecodeError ? error : undefined;
  }
}

describe("OptionList", () => {
  const single = "3d 04 01020304";
  const split = "43 03 616263  0c 01 7a  43 02 6465  43 00";

  test("compares and copies without a view", () => {
    const bytes = withOptions(`${single} ${split} c8 00`);
    const { options } = decodePacket(bytes);
    const target = new Uint8Array(8);
    expect([61, 67, 12, 200, 1].map((code) => options.lengthOf(code))).toEqual([4, 5, 1, 0, -1]);
    expect(bytes.subarray(options.offsetOf(61), options.offsetOf(61) + 4)).toEqual(
      bytesOfHex("01020304"),
    );
    expect([67, 1].map((code) => options.offsetOf(code))).toEqual([-1, -1]);
    expect(options.copyTo(61, target, 1)).toBe(4);
    expect(target).toEqual(bytesOfHex("0001020304000000"));
    expect(options.copyTo(67, target, 3)).toBe(5);
    expect(target).toEqual(bytesOfHex("0001026162636465"));
    expect([options.copyTo(1, target, 0), options.copyTo(200, target, 8)]).toEqual([-1, 0]);
    expect(() => options.copyTo(61, target, 5)).toThrow(RangeError);
    expect(() => options.copyTo(67, target, 4)).toThrow(RangeError);
  });

  test.each([
    [61, "01020304", true],
    [61, "01020305", false],
    [61, "010203", false],
    [61, "0102030405", false],
    [67, "6162636465", true],
    [67, "6162636466", false],
    [67, "616263", false],
    [200, "", true],
    [1, "", false],
  ] as const)("option %i equals %j: %j", (code, value, expected) => {
    const { options } = decodePacket(withOptions(`${single} ${split} c8 00`));
    expect(options.equals(code, bytesOfHex(value))).toBe(expected);
  });
});

describe("PacketDecoder", () => {
  test("shows nothing of the packets before, good or bad", () => {
    const decoder = new PacketDecoder();
    decoder.decode(sample("dhcpd OFFER over options"));
    decoder.decode(overloaded("3c 01 61 ff"));
    expect(() => decoder.decode(withOptions("35 01 08 0c 01 61 0c 01 62 3c 20 61"))).toThrow(
      DecodeError,
    );
    const packet = decoder.decode(withOptions("35 01 08 0c 01 63"));
    expect(packet.options.codes()).toEqual([53, 12]);
    expect([1, 52, 60, 66, 67, 82].filter((code) => packet.options.has(code))).toEqual([]);
    expect(packet.options.get(12)).toEqual(bytesOfHex("63"));
    expect(packet.sname).toHaveLength(0);
  });

  test("what decodePacket made stays when others are decoded", () => {
    const kept = decodePacket(sample("INFORM").slice());
    decodePacket(sample("RELEASE"));
    new PacketDecoder().decode(sample("DISCOVER of a CPE"));
    expect(messageType(kept)).toBe(MessageType.inform);
  });
});

test("an index tells its message from the four million before", () => {
  const index = new OptionIndex();
  index.begin(bytesOfHex("0c0161ff"));
  index.scan(0, 4);
  const other = bytesOfHex("0d0161ff");
  let wrong = 0;
  for (let i = 0; i < 2 ** 22 + 2; i += 1) {
    index.begin(other);
    if (index.has(12) || index.has(13)) wrong += 1;
    index.scan(0, 4);
    if (index.has(12) || index.offsetOf(13) !== 2) wrong += 1;
  }
  expect(wrong).toBe(0);
});
