/**
 * How long a peer has been silent while we listened. Time in which our own program stood still counts
 * only up to `blindMsMax`: messages of that time are still to be read, and a node that slept must not
 * conclude that the others are dead.
 */
export class AttendedSilence {
  readonly #blindMsMax: number;
  #silentMs = 0;
  #isHeard = false;

  constructor(blindMsMax: number) {
    this.#blindMsMax = blindMsMax;
  }

  get silentMs(): number {
    return this.#silentMs;
  }

  heard(): void {
    this.#silentMs = 0;
    this.#isHeard = true;
  }

  /** `elapsedMs` since the last call. A message heard in that time may have come at its very end. */
  pass(elapsedMs: number): void {
    if (!this.#isHeard) this.#silentMs += Math.min(elapsedMs, this.#blindMsMax);
    this.#isHeard = false;
  }
}
