const noBytes = new Uint8Array(0);

/** Some of the bytes of an array: a value where it lies, without a view of its own. */
export class ByteSpan {
  bytes: Uint8Array = noBytes;
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  turnTo(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** Turns to the whole of a value; false when there is none. */
  take(value: Uint8Array | undefined): boolean {
    if (value === undefined) return false;
    this.turnTo(value, 0, value.length);
    return true;
  }

  holds(value: Uint8Array): boolean {
    return this.#isSame(value, 0, value.length);
  }

  equals({ bytes, start, end }: ByteSpan): boolean {
    return this.#isSame(bytes, start, end);
  }

  #isSame(others: Uint8Array, from: number, to: number): boolean {
    const { bytes, start, end } = this;
    if (end - start !== to - from) return false;
    for (let at = start, other = from; at < end; at += 1, other += 1) {
      if (bytes[at] !== others[other]) return false;
    }
    return true;
  }
}
