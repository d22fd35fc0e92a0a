/** The lab could not be set up, or a part of it ended: the message says which, with its last words. */
export class LabError extends Error {
  override readonly name = "LabError";
}

/** A program was ended before it was ready. */
export class ToldToEnd extends LabError {
  constructor(program: string) {
    super(`${program} was told to end before it was ready`);
  }
}
