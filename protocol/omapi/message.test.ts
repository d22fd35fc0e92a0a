import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, concatenate } from "../bytes.ts";
import { formatHex, parseHex } from "../hex.ts";
import { latin1Bytes } from "../latin1.ts";
import {
  decodeIntroduction,
  decodeMessage,
  encodeIntroduction,
  encodeMessage,
  MESSAGE_BYTES_MAX,
  type OmapiMessage,
  omapiOperations,
  valueNamed,
} from "./message.ts";

// What omshell and dhcpd 4.4.3-P1 said to each other, signed by the key below.
const secret = Buffer.from("pRP5FapFoJ95JEL06sv4PQ==", "base64");
const signer = {
  bytes: 16,
  sign: (bytes: Uint8Array): Uint8Array => createHmac("md5", secret).update(bytes).digest(),
};
const hex = (text: string): Uint8Array => parseHex(text.replaceAll(" ", ""))!;
const nothing = { about: [], object: [] } as const;
const text = latin1Bytes;

const captured: readonly (readonly [name: string, bytes: Uint8Array, message: OmapiMessage])[] = [
  [
    "refresh",
    hex(
      "00000001 00000010 00000002 00000002 6b8b456a 00000000 0000 0000 4638154adefd29190612654833f32c6b",
    ),
    { authenticator: 1, operation: "refresh", handle: 2, id: 0x6b8b456a, answers: 0, ...nothing },
  ],
  [
    "delete",
    hex(
      "00000001 00000010 00000006 00000002 6b8b456b 00000000 0000 0000 6b7fe7f535fec2604dfb68ae87422066",
    ),
    { authenticator: 1, operation: "delete", handle: 2, id: 0x6b8b456b, answers: 0, ...nothing },
  ],
  [
    "update",
    concatenate(
      hex("00000001 00000010 00000003 00000002 6b8b4569 00000000 0000 000a"),
      text("ip-address"),
      hex("00000004 0a090033 0000 d663ff0141fcf49260626ee08bf0600f"),
    ),
    {
      ...{ authenticator: 1, operation: "update", handle: 2, id: 0x6b8b4569, answers: 0 },
      ...{ about: [], object: [["ip-address", Uint8Array.of(10, 9, 0, 51)]] },
    },
  ],
  [
    "status",
    concatenate(
      hex("00000001 00000010 00000005 00000000 135ce1e1 6b8b456f 0006"),
      text("result"),
      hex("00000004 00000017 0007"),
      text("message"),
      hex("0000001f"),
      text("no object matches specification"),
      hex("0000 0000 16c9df3f15db4703d7c9b7eefbba2cb2"),
    ),
    {
      ...{ authenticator: 1, operation: "status", handle: 0, id: 0x135ce1e1, answers: 0x6b8b456f },
      about: [
        ["result", bytesOf(23, 4)],
        ["message", text("no object matches specification")],
      ],
      object: [],
    },
  ],
  [
    "open an authenticator",
    concatenate(
      hex("00000000 00000000 00000001 00000000 6b8b4567 00000000 0004"),
      text("type"),
      hex("0000000d"),
      text("authenticator"),
      hex("0000 0004"),
      text("name"),
      hex("00000005"),
      text("omkey"),
      hex("0009"),
      text("algorithm"),
      hex("00000019"),
      text("hmac-md5.SIG-ALG.REG.INT."),
      hex("0000"),
    ),
    {
      ...{ authenticator: 0, operation: "open", handle: 0, id: 0x6b8b4567, answers: 0 },
      about: [["type", text("authenticator")]],
      object: [
        ["name", text("omkey")],
        ["algorithm", text("hmac-md5.SIG-ALG.REG.INT.")],
      ],
    },
  ],
];

describe("a message (OMAPI-2)", () => {
  test.each(captured)("%s, as it was captured", (_name, bytes, message) => {
    const decoded = decodeMessage(bytes);
    if (decoded.kind !== "whole") throw new Error(decoded.kind);
    const { signed, signature, ...read } = decoded.message;
    expect(read).toEqual(message);
    expect(decoded.bytes).toBe(bytes.length);
    if (message.authenticator !== 0) expect(signature).toEqual(new Uint8Array(signer.sign(signed)));
    expect(formatHex(encodeMessage(message, signer))).toBe(formatHex(bytes));
  });

  test.each(captured)("%s: nothing before its last byte", (_name, bytes) => {
    for (let end = 0; end < bytes.length; end += 1) {
      expect(decodeMessage(bytes.subarray(0, end))).toEqual({ kind: "part" });
    }
    expect(decodeMessage(concatenate(bytes, Uint8Array.of(1)))).toMatchObject({
      ...{ kind: "whole", bytes: bytes.length },
    });
  });

  test("the surplus of a longer header is passed over", () => {
    const [, bytes, message] = captured[2];
    const longer = concatenate(bytes.subarray(0, 24), new Uint8Array(8), bytes.subarray(24));
    const decoded = decodeMessage(longer, 32);
    expect(decoded).toMatchObject({ kind: "whole", bytes: longer.length, message });
  });

  const header = (signatureBytes: number, operation: number): Uint8Array =>
    concatenate(...[0, signatureBytes, operation, 0, 1, 0].map((word) => bytesOf(word, 4)));
  const value = (name: string, length: number): Uint8Array =>
    concatenate(bytesOf(name.length, 2), text(name), bytesOf(length, 4));

  test.each<[string, Uint8Array, string]>([
    ["operation 0", header(0, 0), "operation 0"],
    ["operation 7", header(0, 7), "operation 7"],
    ["a signature longer than any HMAC", header(65, 1), "a signature that is no HMAC"],
    [
      "a value of 4 GiB",
      concatenate(header(0, 1), value("x", 0xffff_ffff)),
      "more than 65536 bytes",
    ],
    [
      "a value just too long",
      concatenate(header(0, 1), value("x", 65_536)),
      "more than 65536 bytes",
    ],
    [
      "65 values",
      concatenate(header(0, 1), ...Array.from({ length: 65 }, () => value("x", 0))),
      "more than 64 values",
    ],
  ])("%s is refused before more is read", (_name, bytes, why) => {
    const decoded = decodeMessage(bytes);
    expect(decoded.kind).toBe("malformed");
    if (decoded.kind === "malformed") expect(decoded.why).toContain(why);
  });

  test("a name of 65,535 bytes is waited for no longer than a message may be", () => {
    const bytes = concatenate(header(0, 1), Uint8Array.of(0xff, 0xff), new Uint8Array(70_000));
    expect(decodeMessage(bytes.subarray(0, MESSAGE_BYTES_MAX)).kind).toBe("malformed");
  });

  test("every message comes back as it was encoded", () => {
    const word = fc.nat(0xffff_ffff);
    const name = fc.string({ minLength: 1, maxLength: 30, unit: "binary-ascii" });
    const values = fc.array(fc.tuple(name, fc.uint8Array({ maxLength: 40 })), { maxLength: 10 });
    const message = fc.record({
      ...{ authenticator: word, operation: fc.constantFrom(...omapiOperations) },
      ...{ handle: word, id: word, answers: word, about: values, object: values },
    });
    fc.assert(
      fc.property(message, (one) => {
        const decoded = decodeMessage(encodeMessage(one, signer));
        expect(decoded).toMatchObject({ kind: "whole", message: one });
      }),
    );
  });

  test("of a value that stands twice the last one counts", () => {
    const twice = [
      ["a", text("1")],
      ["b", text("2")],
      ["a", text("3")],
    ] as const;
    expect(valueNamed(twice, "a")).toEqual(text("3"));
    expect(valueNamed(twice, "c")).toBeUndefined();
  });
});

describe("the introduction", () => {
  test("is that of dhcpd", () => {
    expect(formatHex(encodeIntroduction())).toBe("0000006400000018");
    expect(decodeIntroduction(encodeIntroduction())).toEqual({
      ...{ kind: "whole", bytes: 8, headerBytes: 24 },
    });
    expect(decodeIntroduction(encodeIntroduction().subarray(0, 7))).toEqual({ kind: "part" });
  });

  test.each([
    ["another version", hex("00000065 00000018"), "version 101"],
    ["a shorter header", hex("00000064 00000017"), "23 bytes"],
    ["a header without end", hex("00000064 ffffffff"), "4294967295 bytes"],
  ])("%s is refused", (_name, bytes, why) => {
    const decoded = decodeIntroduction(bytes);
    expect(decoded.kind === "malformed" && decoded.why).toContain(why);
  });
});
