/** The user asked for something that cannot be: the message tells what, and the status is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
