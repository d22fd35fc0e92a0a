/** The lease of an address in a lease file. */
export interface WrittenLease {
  /** `active`, or another word of the file. */
  readonly state: string;
  /** The hardware address; undefined for a lease without a client. */
  readonly holder: Uint8Array | undefined;
  /** Seconds since the epoch; null for a lease without an end. */
  readonly endsAtSeconds: number | null;
}

/** Undefined when the file has no such address. */
export type WrittenLeases = (address: number) => WrittenLease | undefined;
