/**
 * The options of one message, in aggregate order: options field, then file, then sname (RFC 3396,
 * section 5). Views are of the packet's bytes, valid only as long as those are; the value of an option
 * that came in several instances is a concatenated copy. What returns no bytes allocates nothing for an
 * option of one instance, and no look-up depends on how many options there are.
 */
export interface OptionList {
  /** The value, concatenated over all instances (RFC 3396), or undefined when there is none. */
  get(code: number): Uint8Array | undefined;
  has(code: number): boolean;
  /** Each code once, in the order of first appearance. */
  codes(): number[];
  /** The value as an unsigned number; undefined unless it is exactly 1 byte. */
  getUInt8(code: number): number | undefined;
  /** The value as an unsigned number; undefined unless it is exactly 2 bytes. */
  getUInt16(code: number): number | undefined;
  /** An address, a time or a count; undefined unless the value is exactly 4 bytes. */
  getUInt32(code: number): number | undefined;
  /** Bytes of the value over all instances; -1 when there is none. */
  lengthOf(code: number): number;
  /** Where the value begins in the packet's bytes; -1 when there is none, or several instances. */
  offsetOf(code: number): number;
  /** Whether the option is there and has exactly this value. */
  equals(code: number, value: Uint8Array): boolean;
  /**
   * Copies the value to `target` from `at` on and returns its length, -1 when there is none. Throws
   * RangeError when it does not fit.
   */
  copyTo(code: number, target: Uint8Array, at: number): number;
}
