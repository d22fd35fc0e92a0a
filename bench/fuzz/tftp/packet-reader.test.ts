import { describe, expect, test } from "vitest";
import { decodeTftp, type TftpPacket } from "../../../protocol/tftp/packet.ts";
import { MUTANT_BYTES_MAX } from "../campaign/packet-draft.ts";
import { corpusOf, escapeNames } from "./corpus.ts";
import { readTftp } from "./packet-reader.ts";

const canaryFile = "/srv/outside/canary.txt";
const { requests, transferPackets } = corpusOf({
  files: new Map(["cm-1.0.cfg", "block.cfg"].map((name) => [name, new Uint8Array(0)])),
  ...{ traps: ["link-up"], canaryFile },
});

test("no packet of the corpus is longer than a mutation may begin with", () => {
  for (const { length } of [...requests, ...transferPackets]) {
    expect(length).toBeLessThanOrEqual(MUTANT_BYTES_MAX);
  }
  expect(escapeNames(canaryFile).length).toBeGreaterThan(60);
});

describe("a careless reader notices", () => {
  const request = decodeTftp(new TextEncoder().encode("\0\x01cm.cfg\0octet\0tsize\x000\0"));
  test("what is sound is taken", () => {
    expect(() => readTftp(request)).not.toThrow();
  });

  test.each([
    ["a control character in a name", { ...request, filename: "a\nb" }],
    ["an empty name", { ...request, filename: "" }],
    ["a mode that is none", { ...request, mode: "binary" }],
    ["a block number of 17 bits", { kind: "ack", block: 0x1_0000 }],
    ["a block that is too long", { kind: "data", block: 1, bytes: new Uint8Array(65_465) }],
    ["an option in capitals", { kind: "option-ack", options: [{ name: "TSIZE", value: "0" }] }],
    [
      "33 options",
      { kind: "option-ack", options: new Array(33).fill({ name: "tsize", value: "0" }) },
    ],
  ])("%s", (_, packet) => {
    expect(() => readTftp(packet as TftpPacket)).toThrow();
  });
});
