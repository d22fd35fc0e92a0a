import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { CaptureError } from "./capture-error.ts";
import { datagramOf } from "./captured-datagram.ts";
import { framesOf, joined, pcapFile, pcapngBlock } from "./pcap.testing.ts";
import { enhancedPacket, interfaceDescription, sectionHeader } from "./write-pcapng.ts";

const seed = Number(process.env["PROVLAB_SEED"] ?? 20261126);
const bytes = Uint8Array.of(1, 2, 3, 4, 5);
const SECTION = 0x0a0d_0d0a;
const section = (isLittle: boolean) =>
  pcapngBlock(SECTION, isLittle, [0x1a2b_3c4d, isLittle ? 1 : 0x1_0000, 0xffff_ffff, 0xffff_ffff]);
// Two 16-bit numbers, the first one first in the file.
const halves = (first: number, second: number, isLittle: boolean) =>
  isLittle ? second * 0x1_0000 + first : first * 0x1_0000 + second;

describe("pcap", () => {
  test.each([
    [true, false, 1_000_500],
    [false, false, 1_000_500],
    [true, true, 1_000_000.5],
    [false, true, 1_000_000.5],
  ])("little-endian %s, nanoseconds %s", (isLittle, isNanosecond, atMs) => {
    const records = [
      { seconds: 1000, fraction: 500_000, bytes },
      { seconds: 1001, fraction: 0, bytes: bytes.subarray(0, 2), wireLength: 60 },
    ];
    const frames = framesOf(pcapFile(113, records, { isLittle, isNanosecond }));
    expect(frames).toEqual([
      { linkType: 113, atMs, bytes, wireLength: 5, offset: 24 },
      { linkType: 113, atMs: 1_001_000, bytes: bytes.subarray(0, 2), wireLength: 60, offset: 45 },
    ]);
  });
});

describe("pcapng", () => {
  test.each([true, false])("all kinds of packet, little-endian %s", (isLittle) => {
    const microseconds = pcapngBlock(1, isLittle, [halves(1, 0, isLittle), 3]);
    // Time resolution 2^-10 s, offset 100 s.
    const binary = pcapngBlock(1, isLittle, [
      halves(101, 0, isLittle),
      0,
      halves(9, 1, isLittle),
      Uint8Array.of(0x8a, 0, 0, 0),
      halves(14, 8, isLittle),
      ...(isLittle ? [100, 0] : [0, 100]),
      0,
    ]);
    const body = Uint8Array.of(1, 2, 3, 4, 5, 0, 0, 0);
    const file = joined(
      section(isLittle),
      microseconds,
      binary,
      pcapngBlock(4, isLittle, [0]),
      pcapngBlock(6, isLittle, [1, 0, 512, 5, 9, body]),
      pcapngBlock(2, isLittle, [halves(0, 7, isLittle), 1, 0, 5, 5, body]),
      pcapngBlock(3, isLittle, [5, Uint8Array.of(1, 2, 3, 0)]),
    );
    expect(framesOf(file)).toMatchObject([
      { linkType: 101, atMs: 100_500, bytes, wireLength: 9 },
      { linkType: 1, atMs: 4_294_967.296, bytes, wireLength: 5 },
      { linkType: 1, atMs: 0, bytes: bytes.subarray(0, 3), wireLength: 5 },
    ]);
  });

  test("sections have interfaces and a byte order of their own", () => {
    const of = (isLittle: boolean, linkType: number) => [
      section(isLittle),
      pcapngBlock(1, isLittle, [halves(linkType, 0, isLittle), 0]),
      pcapngBlock(6, isLittle, [0, 0, 0, 4, 4, bytes.subarray(0, 4)]),
    ];
    const frames = framesOf(joined(...of(true, 1), ...of(false, 276)));
    expect(frames.map(({ linkType }) => linkType)).toEqual([1, 276]);
  });

  test("what is written is read again, to the microsecond", () => {
    const atNs = 1_700_000_000_123_456_789n;
    const file = joined(
      sectionHeader("test"),
      interfaceDescription(101, "cmts0"),
      interfaceDescription(101, "cmts1"),
      enhancedPacket({ interfaceId: 1, atNs, bytes, comment: "device 3" }),
    );
    const [frame] = framesOf(file);
    expect(frame).toMatchObject({ linkType: 101, bytes, wireLength: 5 });
    expect(frame!.atMs).toBeCloseTo(1_700_000_000_123.456, 2);
  });
});

describe("hostile files", () => {
  const ours = joined(
    sectionHeader("test"),
    interfaceDescription(101, "cmts0"),
    enhancedPacket({ interfaceId: 0, atNs: 1n, bytes, comment: "x" }),
  );
  const pcap = pcapFile(1, [{ seconds: 1, fraction: 0, bytes }]);
  const changed = (file: Uint8Array, at: number, ...values: readonly number[]) => {
    const copy = file.slice();
    copy.set(values, at);
    return copy;
  };
  const huge = [0xff, 0xff, 0xff, 0xff];

  test.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(0), "no capture file: too short at byte 0"],
    ["text", new TextEncoder().encode("hello, world"), "neither pcap nor pcapng at byte 0"],
    ["a pcap header alone, cut", pcap.subarray(0, 23), "pcap header is cut off at byte 23"],
    ["another pcap version", changed(pcap, 4, 9), "pcap version 9 is not known at byte 4"],
    ["a cut record header", pcap.subarray(0, 30), "packet header is cut off at byte 24"],
    ["a packet of 4 GiB", changed(pcap, 32, ...huge), "packet of 4294967295 bytes goes beyond"],
    ["a cut packet", pcap.subarray(0, 42), "packet of 5 bytes goes beyond the file at byte 32"],
    ["a block of 4 GiB", changed(ours, 4, ...huge), "says that it is 4294967295 bytes long"],
    ["a block of 4 GiB, aligned", changed(ours, 4, 0xfc, 255, 255, 255), "goes beyond the file"],
    [
      "a block of nothing",
      changed(ours, 44, 0, 0),
      "block says that it is 0 bytes long at byte 44",
    ],
    ["no byte order", changed(ours, 8, 0, 0, 0, 0), "section header has no byte order at byte 8"],
    [
      "the wrong byte order",
      changed(ours, 8, 0x1a, 0x2b, 0x3c, 0x4d),
      "block of 671088640 bytes goes beyond the file at byte 4",
    ],
    ["a later version", changed(ours, 12, 9), "pcapng version 9 is not known at byte 12"],
    [
      "a packet of no interface",
      joined(section(true), pcapngBlock(6, true, [7, 0, 0, 0, 0])),
      "packet of interface 7, which is none at byte 36",
    ],
    [
      "an option beyond its block",
      joined(section(true), pcapngBlock(1, true, [1, 0, halves(9, 60_000, true)])),
      "option 9 of 60000 bytes goes beyond its block at byte 44",
    ],
    [
      "a packet beyond its block",
      joined(section(true), pcapngBlock(1, true, [1, 0]), pcapngBlock(6, true, [0, 0, 0, 9, 9])),
      "packet of 9 bytes goes beyond its block",
    ],
    [
      "a block that ends otherwise",
      changed(ours, 36, 1),
      "block ends with another length than it begins with at byte 36",
    ],
  ])("%s", (_, file, message) => {
    expect(() => framesOf(file)).toThrow(CaptureError);
    expect(() => framesOf(file)).toThrow(message);
  });

  test("an option of no length, and many of them, are read in one pass", () => {
    const words = Array.from({ length: 10_000 }, () => halves(9, 0, true));
    const file = joined(section(true), pcapngBlock(1, true, [1, 0, ...words]));
    expect(framesOf(file)).toEqual([]);
  });

  test(`any prefix and any change: frames inside the file, or an error's place (seed ${seed})`, () => {
    const random = new Prng(seed, 0);
    const files = [ours, pcap, pcapFile(276, [{ seconds: 1, fraction: 0, bytes }])];
    for (let round = 0; round < 20_000; round += 1) {
      const file = files[round % files.length].slice(0, 1 + random.nextBelow(140));
      for (let change = random.nextBelow(4); change >= 0; change -= 1) {
        file[random.nextBelow(file.length)] =
          random.nextBelow(3) === 0 ? 255 : random.nextBelow(256);
      }
      try {
        for (const frame of framesOf(file)) {
          expect(frame.bytes.length).toBeLessThan(file.length);
          datagramOf(frame);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(CaptureError);
        expect((error as CaptureError).offset).toBeLessThanOrEqual(file.length);
      }
    }
  });
});
