import type { CapturedFrame } from "./captured-frame.ts";
import { readCapture } from "./read-capture.ts";

export interface PcapRecord {
  readonly seconds: number;
  /** In the file's own parts of a second. */
  readonly fraction: number;
  readonly bytes: Uint8Array;
  /** Of the frame on the wire; the length of `bytes` when left out. */
  readonly wireLength?: number;
}

export interface PcapOptions {
  readonly isLittle?: boolean;
  readonly isNanosecond?: boolean;
}

/** A file as libpcap writes it. */
export function pcapFile(
  linkType: number,
  records: readonly PcapRecord[],
  { isLittle = true, isNanosecond = false }: PcapOptions = {},
): Uint8Array {
  const size = records.reduce((sum, { bytes }) => sum + 16 + bytes.length, 24);
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  view.setUint32(0, isNanosecond ? 0xa1b2_3c4d : 0xa1b2_c3d4, isLittle);
  view.setUint16(4, 2, isLittle);
  view.setUint16(6, 4, isLittle);
  view.setUint32(16, 262_144, isLittle);
  view.setUint32(20, linkType, isLittle);
  let at = 24;
  for (const { seconds, fraction, bytes, wireLength } of records) {
    view.setUint32(at, seconds, isLittle);
    view.setUint32(at + 4, fraction, isLittle);
    view.setUint32(at + 8, bytes.length, isLittle);
    view.setUint32(at + 12, wireLength ?? bytes.length, isLittle);
    file.set(bytes, at + 16);
    at += 16 + bytes.length;
  }
  return file;
}

/** A pcapng block of any type and body, in either byte order. */
export function pcapngBlock(
  type: number,
  isLittle: boolean,
  words: readonly (number | Uint8Array)[],
): Uint8Array {
  const parts = words.map((word) => {
    if (typeof word !== "number") return word;
    const four = new Uint8Array(4);
    new DataView(four.buffer).setUint32(0, word, isLittle);
    return four;
  });
  const length = 12 + parts.reduce((sum, part) => sum + part.length, 0);
  const block = new Uint8Array(length);
  const view = new DataView(block.buffer);
  view.setUint32(0, type, isLittle);
  view.setUint32(4, length, isLittle);
  let at = 8;
  for (const part of parts) {
    block.set(part, at);
    at += part.length;
  }
  view.setUint32(length - 4, length, isLittle);
  return block;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export function framesOf(file: Uint8Array): CapturedFrame[] {
  return [...readCapture(file)];
}
