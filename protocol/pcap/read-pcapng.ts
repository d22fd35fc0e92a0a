import { CaptureError } from "./capture-error.ts";
import type { CapturedFrame } from "./captured-frame.ts";
import {
  BLOCK_BYTES_MIN,
  Block,
  BlockOption,
  BYTE_ORDER_MAGIC,
  padded,
  SECTION_HEADER,
} from "./pcapng-format.ts";

export { SECTION_HEADER } from "./pcapng-format.ts";

const SECTION_BYTES_MIN = 28;
const MAJOR_VERSION = 1;
const INTERFACES_MAX = 65_536;
const WORD = 2 ** 32;
const MICROSECONDS = 1e6;

interface Interface {
  readonly linkType: number;
  /** Bytes kept of each frame; 0 means all. */
  readonly snapLength: number;
  readonly partsASecond: number;
  readonly offsetSeconds: number;
}

/** One block: its type, and where its body lies in the file. */
export interface BlockPlace {
  readonly type: number;
  readonly offset: number;
  readonly body: number;
  readonly bodyEnd: number;
  readonly end: number;
  readonly isLittle: boolean;
}

/**
 * The blocks of a file, over all its sections, each with the byte order of its section. Throws
 * CaptureError for a block that is not whole.
 */
export function* blocksOf(
  bytes: Uint8Array,
  view: DataView,
): Generator<BlockPlace, void, undefined> {
  let isLittle = false;
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < BLOCK_BYTES_MIN) throw new CaptureError("block is cut off", at);
    const isSection = view.getUint32(at) === SECTION_HEADER;
    if (isSection) isLittle = byteOrderAt(view, at + 8);
    const length = view.getUint32(at + 4, isLittle);
    if (length < (isSection ? SECTION_BYTES_MIN : BLOCK_BYTES_MIN) || length % 4 !== 0) {
      throw new CaptureError(`block says that it is ${length} bytes long`, at + 4);
    }
    if (length > bytes.length - at) {
      throw new CaptureError(`block of ${length} bytes goes beyond the file`, at + 4);
    }
    const end = at + length;
    if (view.getUint32(end - 4, isLittle) !== length) {
      throw new CaptureError("block ends with another length than it begins with", end - 4);
    }
    const type = view.getUint32(at, isLittle);
    yield { type, offset: at, body: at + 8, bodyEnd: end - 4, end, isLittle };
    at = end;
  }
}

/** The frames of a pcapng file; other kinds of blocks are skipped. Throws CaptureError. */
export function* readPcapng(
  bytes: Uint8Array,
  view: DataView,
): Generator<CapturedFrame, void, undefined> {
  let interfaces: Interface[] = [];
  for (const block of blocksOf(bytes, view)) {
    switch (block.type) {
      case SECTION_HEADER:
        checkVersion(view, block);
        interfaces = [];
        break;
      case Block.interfaceDescription:
        if (interfaces.length === INTERFACES_MAX) {
          throw new CaptureError("one interface too many", block.offset);
        }
        interfaces.push(readInterface(bytes, view, block));
        break;
      case Block.enhancedPacket:
      case Block.packet:
        yield readPacket(bytes, view, block, interfaces);
        break;
      case Block.simplePacket:
        yield readSimplePacket(bytes, view, block, interfaces);
        break;
      default:
    }
  }
}

function byteOrderAt(view: DataView, at: number): boolean {
  if (view.getUint32(at) === BYTE_ORDER_MAGIC) return false;
  if (view.getUint32(at, true) === BYTE_ORDER_MAGIC) return true;
  throw new CaptureError("section header has no byte order", at);
}

function checkVersion(view: DataView, { body, isLittle }: BlockPlace): void {
  const version = view.getUint16(body + 4, isLittle);
  if (version === MAJOR_VERSION) return;
  throw new CaptureError(`pcapng version ${version} is not known`, body + 4);
}

function readInterface(bytes: Uint8Array, view: DataView, block: BlockPlace): Interface {
  const { body, isLittle } = block;
  need(block, 8, "interface description");
  let partsASecond = MICROSECONDS;
  let offsetSeconds = 0;
  for (const { code, at, length } of optionsOf(view, block, body + 8)) {
    if (code === BlockOption.timeResolution && length >= 1) {
      const exponent = bytes[at] & 0x7f;
      partsASecond = (bytes[at] & 0x80) === 0 ? 10 ** exponent : 2 ** exponent;
    }
    if (code === BlockOption.timeOffset && length >= 8) {
      offsetSeconds = Number(view.getBigInt64(at, isLittle));
    }
  }
  return {
    linkType: view.getUint16(body, isLittle),
    snapLength: view.getUint32(body + 4, isLittle),
    partsASecond,
    offsetSeconds,
  };
}

/** An enhanced packet, or a block of its predecessor, the packet block: they differ in the first word. */
function readPacket(
  bytes: Uint8Array,
  view: DataView,
  block: BlockPlace,
  interfaces: readonly Interface[],
): CapturedFrame {
  const { body, bodyEnd, isLittle, offset } = block;
  need(block, 20, "packet");
  const id =
    block.type === Block.packet ? view.getUint16(body, isLittle) : view.getUint32(body, isLittle);
  const found = interfaces[id];
  if (found === undefined) throw new CaptureError(`packet of interface ${id}, which is none`, body);
  const length = view.getUint32(body + 12, isLittle);
  const start = body + 20;
  if (length > bodyEnd - start) {
    throw new CaptureError(`packet of ${length} bytes goes beyond its block`, body + 12);
  }
  const parts = view.getUint32(body + 4, isLittle) * WORD + view.getUint32(body + 8, isLittle);
  return {
    linkType: found.linkType,
    atMs: found.offsetSeconds * 1000 + (parts * 1000) / found.partsASecond,
    bytes: bytes.subarray(start, start + length),
    wireLength: view.getUint32(body + 16, isLittle),
    offset,
  };
}

function readSimplePacket(
  bytes: Uint8Array,
  view: DataView,
  block: BlockPlace,
  [first]: readonly Interface[],
): CapturedFrame {
  const { body, bodyEnd, isLittle, offset } = block;
  need(block, 4, "simple packet");
  if (first === undefined) throw new CaptureError("simple packet without an interface", offset);
  const wireLength = view.getUint32(body, isLittle);
  const start = body + 4;
  const kept = Math.min(wireLength, first.snapLength || wireLength);
  if (kept > bodyEnd - start) {
    throw new CaptureError(`packet of ${kept} bytes goes beyond its block`, body);
  }
  return {
    linkType: first.linkType,
    atMs: 0,
    bytes: bytes.subarray(start, start + kept),
    wireLength,
    offset,
  };
}

/** The options of a block from `start` on. Throws CaptureError for an option that exceeds the block. */
export function* optionsOf(
  view: DataView,
  { bodyEnd, isLittle }: BlockPlace,
  start: number,
): Generator<{ readonly code: number; readonly at: number; readonly length: number }> {
  let at = start;
  while (at + 4 <= bodyEnd) {
    const code = view.getUint16(at, isLittle);
    if (code === BlockOption.end) return;
    const length = view.getUint16(at + 2, isLittle);
    if (length > bodyEnd - at - 4) {
      throw new CaptureError(`option ${code} of ${length} bytes goes beyond its block`, at);
    }
    yield { code, at: at + 4, length };
    at += 4 + padded(length);
  }
}

function need({ body, bodyEnd }: BlockPlace, length: number, what: string): void {
  if (bodyEnd - body < length) throw new CaptureError(`${what} is cut off`, body);
}
