import {
  BLOCK_BYTES_MIN,
  Block,
  BlockOption,
  BYTE_ORDER_MAGIC,
  padded,
  SECTION_HEADER,
} from "./pcapng-format.ts";

// Little-endian, as nearly every machine that reads it.
const LITTLE = true;
const SNAP_LENGTH = 65_535;
const NANOSECONDS = 9;
const LENGTH_UNKNOWN = -1n;
const textBytes = new TextEncoder();

interface BlockOptionValue {
  readonly code: number;
  readonly value: Uint8Array;
}

export interface NewPacket {
  /** Number of an interface, in the order in which they were described. */
  readonly interfaceId: number;
  /** Nanoseconds since 1970. */
  readonly atNs: bigint;
  readonly bytes: Uint8Array;
  readonly comment?: string;
}

/** The section header that begins a file (draft-ietf-opsawg-pcapng section 4.1). */
export function sectionHeader(application: string): Uint8Array {
  return blockOf(
    SECTION_HEADER,
    16,
    [textOption(BlockOption.userApplication, application)],
    (view, at) => {
      view.setUint32(at, BYTE_ORDER_MAGIC, LITTLE);
      view.setUint16(at + 4, 1, LITTLE);
      view.setBigInt64(at + 8, LENGTH_UNKNOWN, LITTLE);
    },
  );
}

/** An interface whose packets have times in nanoseconds (section 4.2). */
export function interfaceDescription(linkType: number, name: string): Uint8Array {
  const options = [
    textOption(BlockOption.name, name),
    { code: BlockOption.timeResolution, value: Uint8Array.of(NANOSECONDS) },
  ];
  return blockOf(Block.interfaceDescription, 8, options, (view, at) => {
    view.setUint16(at, linkType, LITTLE);
    view.setUint32(at + 4, SNAP_LENGTH, LITTLE);
  });
}

/** A packet with its time and an optional comment (section 4.3). */
export function enhancedPacket({ interfaceId, atNs, bytes, comment }: NewPacket): Uint8Array {
  const options = comment === undefined ? [] : [textOption(BlockOption.comment, comment)];
  const bodyBytes = 20 + padded(bytes.length);
  return blockOf(Block.enhancedPacket, bodyBytes, options, (view, at) => {
    view.setUint32(at, interfaceId, LITTLE);
    view.setUint32(at + 4, Number(atNs >> 32n), LITTLE);
    view.setUint32(at + 8, Number(atNs & 0xffff_ffffn), LITTLE);
    view.setUint32(at + 12, bytes.length, LITTLE);
    view.setUint32(at + 16, bytes.length, LITTLE);
    new Uint8Array(view.buffer).set(bytes, at + 20);
  });
}

/** The number of wanted packets, and how many of them are in the file (section 4.6). */
export function captureStatistics(atNs: bigint, wanted: number, written: number): Uint8Array {
  const options = [
    { code: BlockOption.filterAccepted, value: countBytes(wanted) },
    { code: BlockOption.delivered, value: countBytes(written) },
  ];
  return blockOf(Block.interfaceStatistics, 12, options, (view, at) => {
    view.setUint32(at + 4, Number(atNs >> 32n), LITTLE);
    view.setUint32(at + 8, Number(atNs & 0xffff_ffffn), LITTLE);
  });
}

function countBytes(count: number): Uint8Array {
  const value = new Uint8Array(8);
  new DataView(value.buffer).setBigUint64(0, BigInt(count), LITTLE);
  return value;
}

function textOption(code: number, text: string): BlockOptionValue {
  return { code, value: textBytes.encode(text) };
}

/** A whole block; `writeBody` fills the first `bodyBytes`, and the options follow. */
function blockOf(
  type: number,
  bodyBytes: number,
  options: readonly BlockOptionValue[],
  writeBody: (view: DataView, at: number) => void,
): Uint8Array {
  const optionBytes = options.reduce((sum, { value }) => sum + 4 + padded(value.length), 0);
  const endBytes = options.length === 0 ? 0 : 4;
  const length = BLOCK_BYTES_MIN + bodyBytes + optionBytes + endBytes;
  const block = new Uint8Array(length);
  const view = new DataView(block.buffer);
  view.setUint32(0, type, LITTLE);
  view.setUint32(4, length, LITTLE);
  writeBody(view, 8);
  let at = 8 + bodyBytes;
  for (const { code, value } of options) {
    view.setUint16(at, code, LITTLE);
    view.setUint16(at + 2, value.length, LITTLE);
    block.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  view.setUint32(length - 4, length, LITTLE);
  return block;
}
