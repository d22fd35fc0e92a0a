// The fields that most decisions read of a lease lie side by side: with a million leases nearly every
// access goes to main memory, and one row costs one wait. A row is eight words, half a cache line.

export const ROW_WORDS = 8;
export const ROW_BYTES = 4 * ROW_WORDS;

/** Indexes of the words in a row; word 0 holds the octets. */
export const Word = { starts: 1, ends: 2, tstp: 3, cltt: 4, position: 5, blob: 6 } as const;

/** Offsets of the octets in a row. */
export const Octet = { state: 0, flags: 1, transitions: 2 } as const;
