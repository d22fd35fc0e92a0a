/** A capture file that is not what it claims to be; `offset` is the byte of the file that says so. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(`${what} at byte ${offset}`);
    this.offset = offset;
  }
}
