/**
 * A value that the wire format cannot carry: too long, out of range, of another type. The message names
 * the value and the limit, so that a configuration parser can show it unchanged.
 */
export class EncodeError extends Error {
  override readonly name = "EncodeError";
}
