import { AssertionError, assert } from "./assert.ts";

const SLOTS_PER_LEVEL = 256;
const LEVELS = 4;
const WHEEL_TICKS = 2 ** 32;
const OVERFLOW_SLOT = LEVELS * SLOTS_PER_LEVEL;
const WORDS_PER_LEVEL = SLOTS_PER_LEVEL / 32;
const UNSCHEDULED = -1;
const UNKNOWN = -1;
// Rounding errors of (due - start) / tick must not make a timer late by one tick.
const TICK_TOLERANCE = 1e-6;

/**
 * Timers for ids 0..capacity-1, one each: constant-time schedule and cancel, 24 bytes an id, no allocation
 * after construction.
 *
 * The wheel is hierarchical: level 0 has a slot for each of the next 256 ticks, each higher level has slots
 * 256 times as wide, and one more list takes timers beyond 2^32 ticks. When time enters a wide slot, its
 * timers move down. A timer sits on the level of the highest byte in which its tick differs from the current
 * one, so nothing is put in a narrow slot before the wide one above it was emptied. Therefore timers of the
 * same tick fire in the order in which they were scheduled.
 */
export class TimerWheel {
  readonly capacity: number;
  readonly #tickMs: number;
  readonly #startMs: number;
  /** Circular lists through the ids; the nodes from `capacity` upwards are the heads of the slots. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #dueAtMs: Float64Array;
  readonly #dueTick: Float64Array;
  /** One bit for each slot: it is not empty. */
  readonly #occupied = new Uint32Array(LEVELS * WORDS_PER_LEVEL);
  #currentTick = 0;
  #count = 0;
  #nextDueTick = UNKNOWN;
  #advancing = false;

  /** Time starts at `startMs` and advances in ticks of `tickMs`, on any scale that the caller uses. */
  constructor(capacity: number, tickMs: number, startMs: number) {
    if (!(Number.isInteger(capacity) && capacity >= 0 && capacity < 2 ** 30)) {
      throw new RangeError(`a timer wheel needs a whole capacity below 2^30, not ${capacity}`);
    }
    if (!(tickMs > 0 && Number.isFinite(tickMs) && Number.isFinite(startMs))) {
      throw new RangeError(
        `a timer wheel cannot start at ${startMs} ms with ticks of ${tickMs} ms`,
      );
    }
    this.capacity = capacity;
    this.#tickMs = tickMs;
    this.#startMs = startMs;
    const nodes = capacity + OVERFLOW_SLOT + 1;
    this.#next = new Int32Array(nodes).fill(UNSCHEDULED, 0, capacity);
    this.#previous = new Int32Array(nodes);
    for (let node = capacity; node < nodes; node += 1) this.#empty(node);
    this.#dueAtMs = new Float64Array(capacity);
    this.#dueTick = new Float64Array(capacity);
  }

  /** Number of scheduled timers. */
  get count(): number {
    return this.#count;
  }

  /**
   * Arms the timer, or moves it if it is armed. It never fires early, and at most one tick late; a time
   * in the past is due at the next tick. Throws RangeError on NaN and infinity.
   */
  schedule(id: number, dueAtMs: number): void {
    this.#check(id);
    const tick = Math.ceil((dueAtMs - this.#startMs) / this.#tickMs - TICK_TOLERANCE);
    if (!(tick <= Number.MAX_SAFE_INTEGER)) {
      throw new RangeError(`timer ${id} cannot be due at ${dueAtMs} ms`);
    }
    if (this.#next[id] !== UNSCHEDULED) this.#unlink(id);
    this.#dueAtMs[id] = dueAtMs;
    this.#dueTick[id] = Math.max(tick, this.#currentTick + 1);
    if (this.#nextDueTick !== UNKNOWN && this.#dueTick[id] < this.#nextDueTick) {
      this.#nextDueTick = this.#dueTick[id];
    }
    this.#place(id);
    this.#count += 1;
  }

  /** Does nothing when the timer is not armed. */
  cancel(id: number): void {
    this.#check(id);
    if (this.#next[id] !== UNSCHEDULED) this.#unlink(id);
  }

  isScheduled(id: number): boolean {
    this.#check(id);
    return this.#next[id] !== UNSCHEDULED;
  }

  /** The time given to `schedule` for an armed timer; NaN for one that is not armed. */
  dueAtMs(id: number): number {
    return this.isScheduled(id) ? this.#dueAtMs[id]! : Number.NaN;
  }

  /**
   * Fires the timers due at `nowMs`, by tick and then in the order of scheduling. `onDue` may schedule
   * and cancel anything: a timer that it re-arms fires again in the same call only at a later tick that
   * is due too, so the call ends. If `onDue` throws, the rest fires at the next call.
   */
  advance(nowMs: number, onDue: (id: number) => void): void {
    assert(!this.#advancing, "TimerWheel.advance was called from its own onDue");
    const target = Math.floor((nowMs - this.#startMs) / this.#tickMs + TICK_TOLERANCE);
    assert(!Number.isNaN(target), "TimerWheel.advance needs a time");
    this.#advancing = true;
    try {
      this.#fireCurrentTick(onDue);
      while (this.#currentTick < target) {
        const slot = this.#firstOccupiedSlot();
        const startTick = slot === undefined ? target + 1 : this.#startTickOf(slot);
        if (startTick > target) {
          this.#currentTick = target;
        } else {
          this.#currentTick = startTick;
          if (slot !== undefined && slot >= SLOTS_PER_LEVEL) this.#moveDown(slot);
          this.#fireCurrentTick(onDue);
        }
      }
    } finally {
      this.#advancing = false;
    }
  }

  /** The first time at which `advance` has something to fire, or undefined when nothing is armed. */
  nextDueMs(): number | undefined {
    if (this.#count === 0) return undefined;
    if (this.#nextDueTick === UNKNOWN) this.#nextDueTick = this.#findNextDueTick();
    return this.#startMs + this.#nextDueTick * this.#tickMs;
  }

  #check(id: number): void {
    if (id >= 0 && id < this.capacity && Number.isInteger(id)) return;
    // Only built here, because a message on every call would make garbage for every packet.
    throw new AssertionError(`timer ${id} does not exist`);
  }

  #fireCurrentTick(onDue: (id: number) => void): void {
    const head = this.capacity + (this.#currentTick % SLOTS_PER_LEVEL);
    // Nothing is scheduled for the current tick itself, so this list only gets shorter.
    for (let id = this.#next[head]!; id !== head; id = this.#next[head]!) {
      this.#unlink(id);
      onDue(id);
    }
  }

  /** Spreads a wide slot that time has just entered over the narrower ones, in order. */
  #moveDown(slot: number): void {
    const head = this.capacity + slot;
    let id = this.#next[head]!;
    // The list must not end in itself while timers beyond the wheel are put back into it.
    this.#next[this.#previous[head]!] = UNSCHEDULED;
    this.#empty(head);
    this.#clearBit(slot);
    while (id !== UNSCHEDULED) {
      const following = this.#next[id]!;
      this.#place(id);
      id = following;
    }
  }

  #place(id: number): void {
    const slot = this.#slotFor(this.#dueTick[id]!);
    const head = this.capacity + slot;
    const last = this.#previous[head]!;
    this.#next[last] = id;
    this.#previous[id] = last;
    this.#next[id] = head;
    this.#previous[head] = id;
    if (slot < OVERFLOW_SLOT) this.#occupied[slot >>> 5]! |= 1 << (slot & 31);
  }

  #slotFor(tick: number): number {
    const current = this.#currentTick;
    if (Math.floor(tick / WHEEL_TICKS) !== Math.floor(current / WHEEL_TICKS)) return OVERFLOW_SLOT;
    const low = (tick % WHEEL_TICKS) >>> 0;
    const difference = (low ^ (current % WHEEL_TICKS)) >>> 0;
    if (difference < 0x100) return low & 0xff;
    if (difference < 0x1_0000) return 0x100 | ((low >>> 8) & 0xff);
    if (difference < 0x100_0000) return 0x200 | ((low >>> 16) & 0xff);
    return 0x300 | (low >>> 24);
  }

  #unlink(id: number): void {
    const next = this.#next[id]!;
    const previous = this.#previous[id]!;
    this.#next[previous] = next;
    this.#previous[next] = previous;
    this.#next[id] = UNSCHEDULED;
    this.#count -= 1;
    if (this.#dueTick[id] === this.#nextDueTick) this.#nextDueTick = UNKNOWN;
    if (next === previous && next >= this.capacity) this.#clearBit(next - this.capacity);
  }

  #empty(head: number): void {
    this.#next[head] = head;
    this.#previous[head] = head;
  }

  #clearBit(slot: number): void {
    if (slot < OVERFLOW_SLOT) this.#occupied[slot >>> 5]! &= ~(1 << (slot & 31));
  }

  /** The occupied slot that time enters first; the current tick's does not count. */
  #firstOccupiedSlot(): number | undefined {
    const low = (this.#currentTick % WHEEL_TICKS) >>> 0;
    for (let level = 0; level < LEVELS; level += 1) {
      const digit = (low >>> (8 * level)) & 0xff;
      const slot = this.#firstBitFrom(level, digit + 1);
      if (slot !== undefined) return slot;
    }
    const overflow = this.capacity + OVERFLOW_SLOT;
    return this.#next[overflow] === overflow ? undefined : OVERFLOW_SLOT;
  }

  #firstBitFrom(level: number, digit: number): number | undefined {
    if (digit >= SLOTS_PER_LEVEL) return undefined;
    const end = (level + 1) * WORDS_PER_LEVEL;
    let word = level * WORDS_PER_LEVEL + (digit >>> 5);
    let bits = this.#occupied[word]! & (-1 << (digit & 31));
    while (bits === 0) {
      word += 1;
      if (word === end) return undefined;
      bits = this.#occupied[word]!;
    }
    return word * 32 + (31 - Math.clz32(bits & -bits));
  }

  #startTickOf(slot: number): number {
    const current = this.#currentTick;
    if (slot === OVERFLOW_SLOT) return (Math.floor(current / WHEEL_TICKS) + 1) * WHEEL_TICKS;
    const slotTicks = SLOTS_PER_LEVEL ** Math.floor(slot / SLOTS_PER_LEVEL);
    const levelTicks = slotTicks * SLOTS_PER_LEVEL;
    return current - (current % levelTicks) + (slot % SLOTS_PER_LEVEL) * slotTicks;
  }

  #findNextDueTick(): number {
    const current = this.capacity + (this.#currentTick % SLOTS_PER_LEVEL);
    if (this.#next[current] !== current) return this.#currentTick;
    const slot = this.#firstOccupiedSlot();
    assert(slot !== undefined, "a scheduled timer is in no slot");
    const head = this.capacity + slot;
    let earliest = Number.POSITIVE_INFINITY;
    for (let id = this.#next[head]!; id !== head; id = this.#next[id]!) {
      earliest = Math.min(earliest, this.#dueTick[id]!);
      if (slot < SLOTS_PER_LEVEL) break;
    }
    return earliest;
  }
}
