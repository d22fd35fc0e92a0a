/**
 * Room for the contents of files until something has looked at them, one slot a file. Slots are made on
 * demand, up to a limit, and used again. Nothing is copied out.
 */
export class ContentPool {
  readonly slotBytes: number;
  readonly slotsMax: number;
  readonly #slots: Uint8Array[] = [];
  readonly #free: number[] = [];

  constructor(slotBytes: number, slotsMax: number) {
    this.slotBytes = slotBytes;
    this.slotsMax = slotsMax;
  }

  /** The number of a free slot, -1 when all are taken. */
  take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#slots.length >= this.slotsMax) return -1;
    this.#slots.push(new Uint8Array(this.slotBytes));
    return this.#slots.length - 1;
  }

  release(slot: number): void {
    this.#free.push(slot);
  }

  /** Puts bytes at `offset`; false when the slot is too small for them. */
  write(slot: number, offset: number, bytes: Uint8Array): boolean {
    if (offset + bytes.length > this.slotBytes) return false;
    this.#slots[slot].set(bytes, offset);
    return true;
  }

  /** The first `lengthBytes` of a slot: a view, good until the slot is released. */
  view(slot: number, lengthBytes: number): Uint8Array {
    return this.#slots[slot].subarray(0, lengthBytes);
  }
}
