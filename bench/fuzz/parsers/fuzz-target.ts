/** A parser that reads bytes of others, and what fuzzing has to know of it. */
export interface FuzzTarget {
  /**
   * Parses the bytes, and checks what comes of them. Throws for a fault of the parser, not for bytes that
   * the parser refuses by its own error.
   */
  readonly read: (bytes: Uint8Array) => void;
  /** Words of the format that chance would not find, in Latin-1. */
  readonly words?: readonly string[];
}
