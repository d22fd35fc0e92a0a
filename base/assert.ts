/** A broken invariant of our own: a bug, never an operator's or a peer's mistake. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Ends the process when our own code broke its promise: nothing catches AssertionError. */
export function assert(condition: boolean, message = "assertion failed"): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Makes the compiler prove that a switch over a union names every case. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
