/** The lab could not be set up, or something of it ended: the message says what, and its last words. */
export class LabError extends Error {
  override readonly name = "LabError";
}

/** A program was told to end before it was ready. */
export class ToldToEnd extends LabError {
  constructor(program: string) {
    super(`${program} was told to end before it was ready`);
  }
}
