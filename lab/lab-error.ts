/** The lab could not be set up, or something of it ended: the message says what, and its last words. */
export class LabError extends Error {
  override readonly name = "LabError";
}
