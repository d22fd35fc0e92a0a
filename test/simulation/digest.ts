import { createHash } from "node:crypto";

const BUFFERED_NUMBERS = 4096;

/** A fingerprint of everything that happened in a run: equal digests mean equal runs. */
export class Digest {
  readonly #hash = createHash("sha256");
  readonly #buffer = new Float64Array(BUFFERED_NUMBERS);
  #used = 0;

  add(...numbers: readonly number[]): void {
    for (const value of numbers) {
      this.#buffer[this.#used] = value;
      this.#used += 1;
      if (this.#used === BUFFERED_NUMBERS) this.#flush();
    }
  }

  /** Ends the digest. */
  toString(): string {
    this.#flush();
    return this.#hash.digest("hex");
  }

  #flush(): void {
    this.#hash.update(new Uint8Array(this.#buffer.buffer, 0, this.#used * 8));
    this.#used = 0;
  }
}
