/** Block types and option codes of pcapng (draft-ietf-opsawg-pcapng), as both directions use them. */
export const Block = {
  interfaceDescription: 1,
  packet: 2,
  simplePacket: 3,
  interfaceStatistics: 5,
  enhancedPacket: 6,
} as const;

/** Reads the same in both byte orders. */
export const SECTION_HEADER = 0x0a0d_0d0a;
export const BYTE_ORDER_MAGIC = 0x1a2b_3c4d;

export const BlockOption = {
  end: 0,
  comment: 1,
  /** Section option: the program that wrote it. */
  userApplication: 4,
  /** Options of an interface. */
  name: 2,
  timeResolution: 9,
  timeOffset: 14,
  /** Interface statistics: wanted packets, and how many of them are in the file. */
  filterAccepted: 6,
  delivered: 8,
} as const;

/** Type, length, and the length repeated at the end. */
export const BLOCK_BYTES_MIN = 12;

/** Everything is padded to whole words. */
export function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}
