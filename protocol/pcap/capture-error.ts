/** An invalid capture file; `offset` is the place in the file that shows it. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(`${what} at byte ${offset}`);
    this.offset = offset;
  }
}
