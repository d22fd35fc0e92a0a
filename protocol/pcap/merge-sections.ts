import { CaptureError } from "./capture-error.ts";
import { Block, BlockOption } from "./pcapng-format.ts";
import { type BlockPlace, blocksOf, optionsOf } from "./read-pcapng.ts";
import { captureStatistics } from "./write-pcapng.ts";

interface PacketPlace {
  readonly atHigh: number;
  readonly atLow: number;
  readonly bytes: Uint8Array;
}

export interface MergedCapture {
  /** The file, piece by piece. */
  readonly pieces: readonly Uint8Array[];
  /** Number of wanted packets, and how many of them are in the file. */
  readonly wanted: number;
  readonly written: number;
}

/**
 * Merges several sections that describe the same interfaces: the packets in the order of their times, and
 * one statistics block with the sums. A part that ends in the middle of a block, as after a crash, counts
 * up to there. The pieces are views of the parts.
 */
export function mergeSections(parts: readonly Uint8Array[]): MergedCapture {
  const packets: PacketPlace[] = [];
  let head: readonly Uint8Array[] = [];
  let wanted = 0;
  let latestNs = 0n;
  for (const [index, part] of parts.entries()) {
    const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
    const ownHead: Uint8Array[] = [];
    for (const block of wholeBlocksOf(part, view)) {
      const bytes = part.subarray(block.offset, block.end);
      if (block.type === Block.enhancedPacket) packets.push(placeOf(view, block, bytes));
      else if (block.type === Block.interfaceStatistics) {
        wanted += countIn(view, block);
        const ns = timeOf(view, block);
        if (ns > latestNs) latestNs = ns;
      } else ownHead.push(bytes);
    }
    if (index === 0) head = ownHead;
  }
  packets.sort((a, b) => a.atHigh - b.atHigh || a.atLow - b.atLow);
  const written = packets.length;
  const end = captureStatistics(latestNs, Math.max(wanted, written), written);
  const pieces = [...head, ...packets.map(({ bytes }) => bytes), end];
  return { pieces, wanted: Math.max(wanted, written), written };
}

function* wholeBlocksOf(part: Uint8Array, view: DataView): Generator<BlockPlace> {
  try {
    yield* blocksOf(part, view);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
  }
}

function placeOf(view: DataView, { body, isLittle }: BlockPlace, bytes: Uint8Array): PacketPlace {
  return {
    atHigh: view.getUint32(body + 4, isLittle),
    atLow: view.getUint32(body + 8, isLittle),
    bytes,
  };
}

function timeOf(view: DataView, { body, isLittle }: BlockPlace): bigint {
  const high = BigInt(view.getUint32(body + 4, isLittle));
  return (high << 32n) | BigInt(view.getUint32(body + 8, isLittle));
}

/** The number of wanted packets, as `captureStatistics` wrote it. */
function countIn(view: DataView, block: BlockPlace): number {
  for (const { code, at } of optionsOf(view, block, block.body + 12)) {
    if (code === BlockOption.filterAccepted) return Number(view.getBigUint64(at, block.isLittle));
  }
  return 0;
}
