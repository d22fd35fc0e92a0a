/**
 * The options of one message, in aggregate order: options field, then file, then sname (RFC 3396, section
 * 5). Byte values are views of the packet, valid only as long as its bytes are; an option in several
 * instances is concatenated into a copy. Methods that return no bytes allocate nothing for an option of
 * one instance, and no look-up depends on the number of options.
 */
export interface OptionList {
  /** The value, concatenated over all instances (RFC 3396); undefined when the option is absent. */
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
  /** Length of the value over all instances; -1 when the option is absent. */
  lengthOf(code: number): number;
  /** Where the value begins in the packet's bytes; -1 when it is absent or has several instances. */
  offsetOf(code: number): number;
  /** Whether the option is present with exactly this value. */
  equals(code: number, value: Uint8Array): boolean;
  /**
   * Copies the value to `target` from `at` on and returns its length, -1 when it is absent. Throws
   * RangeError when it does not fit.
   */
  copyTo(code: number, target: Uint8Array, at: number): number;
}
