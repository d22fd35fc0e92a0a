/** Why bytes were refused. The set is closed: counters and reports list each of them. */
export const decodeErrorCodes = [
  "truncated",
  "too-long",
  "bad-operation",
  "bad-hardware-length",
  "bad-cookie",
  "truncated-option",
  "missing-end",
  "too-many-options",
  "bad-option-length",
  "bad-option-value",
  "bad-overload",
  "bad-relay-agent-information",
  "bad-domain-name",
] as const;

export type DecodeErrorCode = (typeof decodeErrorCodes)[number];

/**
 * Bytes from the network that are not valid. `offset` counts from the first byte given to the decoder. It
 * carries no stack: a flood of bad packets must stay cheap, and the code and the offset say more than the
 * decoder's stack frames would.
 */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  readonly code: DecodeErrorCode;
  readonly offset: number;

  constructor(code: DecodeErrorCode, offset: number) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(`${code} at byte ${offset}`);
    Error.stackTraceLimit = limit;
    this.code = code;
    this.offset = offset;
  }
}
