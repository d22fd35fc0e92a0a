// What most decisions read of a lease lies side by side: at a million leases nearly every look is one
// into main memory, and one row is one wait. A row is eight words, half a line of the processor's cache.

export const ROW_WORDS = 8;
export const ROW_BYTES = 4 * ROW_WORDS;

/** Numbers of the words in a row; the first one is that of the octets. */
export const Word = { starts: 1, ends: 2, tstp: 3, cltt: 4, position: 5, blob: 6 } as const;

/** Offsets of the octets in a row. */
export const Octet = { state: 0, flags: 1, transitions: 2 } as const;

/** The rows of all leases, as words and as octets of the same memory. */
export interface LeaseCells {
  readonly words: Uint32Array;
  readonly octets: Uint8Array;
}

export function leaseCells(size: number): LeaseCells {
  const words = new Uint32Array(size * ROW_WORDS);
  return { words, octets: new Uint8Array(words.buffer) };
}
