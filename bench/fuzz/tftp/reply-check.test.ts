import { beforeEach, describe, expect, test } from "vitest";
import {
  encodeAck,
  encodeData,
  encodeError,
  encodeOptionAck,
  TftpOpcode,
} from "../../../protocol/tftp/packet.ts";
import { rawRequest } from "./corpus.ts";
import { TftpReplyCheck } from "./reply-check.ts";

const utf8 = new TextEncoder();
const file = Uint8Array.from({ length: 3000 }, (_, at) => 0x61 + (at % 23));
const canary = utf8.encode("CANARY");
const target = new Uint8Array(70_000);
const made = (length: number): Uint8Array => target.slice(0, length);

let check: TftpReplyCheck;
beforeEach(() => {
  check = checkOf(file, new Uint8Array(0));
});

function checkOf(...contents: readonly Uint8Array[]): TftpReplyCheck {
  const files = new Map(contents.map((bytes, index) => [`file-${index}`, bytes]));
  return new TftpReplyCheck({ files, canary }, 8);
}

type Options = readonly (readonly [string, string])[];

function ask(
  client: number,
  options: Options = [],
  mode = "octet",
  opcode: number = TftpOpcode.readRequest,
) {
  check.sent(client, rawRequest(opcode, utf8.encode("f"), mode, options));
}

const data = (block: number, bytes: Uint8Array): Uint8Array =>
  made(encodeData(target, 0, block, bytes));
const optionAck = (options: Options): Uint8Array =>
  made(
    encodeOptionAck(
      target,
      0,
      options.map(([name, value]) => ({ name, value })),
    ),
  );

function problemOf(client: number | undefined, bytes: Uint8Array): string {
  const reply = check.check(client, bytes);
  return reply.kind === "bad" ? reply.problem : "";
}

describe("takes", () => {
  test("the blocks of a file, in 512 bytes or in what was agreed", () => {
    ask(0);
    expect(problemOf(0, data(1, file.subarray(0, 512)))).toBe("");
    expect(problemOf(0, data(6, file.subarray(2560)))).toBe("");
    ask(1, [["blksize", "2000"]]);
    expect(problemOf(1, optionAck([["blksize", "1428"]]))).toBe("");
    expect(problemOf(1, data(3, file.subarray(2856)))).toBe("");
  });

  test("an empty file, the empty block behind a full one, and any ERROR of the RFCs", () => {
    ask(0);
    expect(problemOf(0, data(1, file.subarray(0, 0)))).toBe("");
    ask(1, [["blksize", "1500"]]);
    expect(problemOf(1, optionAck([["blksize", "1500"]]))).toBe("");
    expect(problemOf(1, data(3, file.subarray(0, 0)))).toBe("");
    expect(problemOf(undefined, made(encodeError(target, 0, 5, "no such transfer")))).toBe("");
  });

  test("a block number that came round: block 65,537 is 1 again", () => {
    const long = new Uint8Array(8 * 65_540).fill(0x61);
    long.set(utf8.encode("zzzzzzzz"), 8 * 65_536);
    check = checkOf(long);
    ask(0, [["blksize", "8"]]);
    expect(problemOf(0, optionAck([["blksize", "8"]]))).toBe("");
    expect(problemOf(0, data(1, utf8.encode("zzzzzzzz")))).toBe("");
    expect(problemOf(0, data(2, utf8.encode("zzzzzzzz")))).toContain("in no file");
  });
});

describe("refuses", () => {
  test("the canary, in whatever it comes", () => {
    ask(0);
    expect(problemOf(0, data(1, canary))).toContain("from outside");
    expect(problemOf(0, made(encodeError(target, 0, 0, "CANARY")))).toContain("from outside");
    expect(problemOf(undefined, utf8.encode("xxCANARYxx"))).toContain("from outside");
  });

  test("bytes that are in no file, or in another place of it, or too few", () => {
    ask(0);
    for (const bytes of [utf8.encode("other"), file.subarray(0, 511), file.subarray(512, 1024)]) {
      expect(problemOf(0, data(1, bytes))).toContain("in no file");
    }
  });

  test("more than agreed, or more than anything was agreed", () => {
    ask(0, [["blksize", "1428"]]);
    expect(problemOf(0, data(1, file.subarray(0, 1428)))).toContain("agreed are 512");
    expect(problemOf(0, optionAck([["blksize", "1429"]]))).toContain("1429");
    expect(problemOf(0, optionAck([["blksize", "600"]]))).toBe("");
    expect(problemOf(0, data(1, file.subarray(0, 601)))).toContain("agreed are 600");
  });

  test("options that were not asked for, are unknown, or tell a size of no file", () => {
    ask(0, [["tsize", "0"]]);
    expect(problemOf(0, optionAck([["windowsize", "2"]]))).toContain("not asked for");
    expect(problemOf(0, optionAck([["magic", "2"]]))).toContain("none of ours");
    expect(problemOf(0, optionAck([["tsize", "4940"]]))).toContain("no file");
    expect(problemOf(0, optionAck([["tsize", "3000"]]))).toBe("");
  });

  test("DATA to who never asked, asked to write, or asked for what cannot be", () => {
    const first = data(1, file.subarray(0, 512));
    expect(problemOf(undefined, first)).toContain("never asked");
    ask(0, [], "octet", TftpOpcode.writeRequest);
    ask(1, [], "mail");
    ask(2, [["blksize", "0"]]);
    check.sent(3, Uint8Array.of(0, 4, 0, 0));
    for (const client of [0, 1, 2, 3]) {
      expect(problemOf(client, first)).toContain("no valid read request");
    }
  });

  test("what is no packet, no packet of a server, or a strange ERROR", () => {
    expect(problemOf(0, new Uint8Array(1))).toContain("does not decode");
    expect(problemOf(0, made(encodeAck(target, 0, 1)))).toContain("sends no ack");
    expect(problemOf(0, made(encodeError(target, 0, 9, "x")))).toContain("error code is 9");
    expect(problemOf(0, made(encodeError(target, 0, 1, "")))).toContain("without a message");
  });
});

test("a client that is long gone is only looked at for the canary", () => {
  ask(0);
  ask(8, [["blksize", "0"]]);
  expect(problemOf(0, data(1, utf8.encode("other")))).toBe("");
  expect(problemOf(0, data(1, canary))).not.toBe("");
});
