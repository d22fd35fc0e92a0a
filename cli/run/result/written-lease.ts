/** What a lease file says of an address. */
export interface WrittenLease {
  /** `active`, or how the file calls what it is instead. */
  readonly state: string;
  /** The hardware address; undefined for nobody's. */
  readonly holder: Uint8Array | undefined;
  /** Seconds since the epoch; null for a lease without an end. */
  readonly endsAtSeconds: number | null;
}

/** Undefined when the file has no such address. */
export type WrittenLeases = (address: number) => WrittenLease | undefined;
