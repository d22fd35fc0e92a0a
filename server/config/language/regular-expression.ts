import { DATA_BYTES_MAX } from "../text/bytes.ts";
import { PatternError, type PatternNode, PatternParser } from "./pattern-parser.ts";

export { PatternError } from "./pattern-parser.ts";

/** Instructions of a compiled pattern. */
const INSTRUCTIONS_MAX = 2000;
const PATTERN_BYTES_MAX = 1024;

type Instruction =
  | { readonly kind: "set"; readonly set: Uint8Array }
  | { readonly kind: "start" | "end" | "match" }
  | { readonly kind: "jump"; to: number }
  | { readonly kind: "split"; to: number };

/**
 * A POSIX extended regular expression over bytes, for `~=` and `~~`. It may match anywhere in a
 * value, up to its first NUL. Time grows with the length of the value times the length of the
 * pattern, in every case: all ways to match are followed at once.
 */
export class RegularExpression {
  readonly #program: readonly Instruction[];

  /** Throws a PatternError. */
  constructor(pattern: Uint8Array, ignoreCase: boolean) {
    const end = pattern.indexOf(0);
    const bytes = end < 0 ? pattern : pattern.subarray(0, end);
    if (bytes.length > PATTERN_BYTES_MAX) throw new PatternError("the pattern is too long");
    const emitter = new Emitter();
    emitter.emit(new PatternParser(bytes, ignoreCase).parse());
    this.#program = [...emitter.program, { kind: "match" }];
  }

  /** Instructions: what a pattern takes of memory, and of time for each byte of a value. */
  get size(): number {
    return this.#program.length;
  }

  matches(value: Uint8Array): boolean {
    const nul = value.subarray(0, DATA_BYTES_MAX).indexOf(0);
    const length = nul < 0 ? Math.min(value.length, DATA_BYTES_MAX) : nul;
    const program = this.#program;
    let now: number[] = [];
    let next: number[] = [];
    // The step at which an instruction was last put on the list.
    const seen = new Int32Array(program.length).fill(-1);
    for (let at = 0; at <= length; at += 1) {
      follow(program, 0, at, length, seen, now);
      const byte = at < length ? value[at] : -1;
      for (const index of now) {
        const instruction = program[index];
        if (instruction.kind === "match") return true;
        if (instruction.kind === "set" && byte >= 0 && instruction.set[byte] === 1) {
          follow(program, index + 1, at + 1, length, seen, next);
        }
      }
      [now, next] = [next, now];
      next.length = 0;
    }
    return false;
  }
}

/** Puts the instructions that look at the byte at `at` on the list, each once. */
function follow(
  program: readonly Instruction[],
  first: number,
  at: number,
  length: number,
  seen: Int32Array,
  list: number[],
): void {
  const open = [first];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (seen[index] === at) continue;
    seen[index] = at;
    const instruction = program[index];
    if (instruction.kind === "jump") open.push(instruction.to);
    else if (instruction.kind === "split") open.push(instruction.to, index + 1);
    else if (instruction.kind === "start") {
      if (at === 0) open.push(index + 1);
    } else if (instruction.kind === "end") {
      if (at === length) open.push(index + 1);
    } else list.push(index);
  }
}

/** Writes the program of a pattern; the work is bounded, not only its outcome. */
class Emitter {
  readonly program: Instruction[] = [];
  #nodes = 0;

  emit(node: PatternNode): void {
    this.#nodes += 1;
    if (this.program.length > INSTRUCTIONS_MAX || this.#nodes > 4 * INSTRUCTIONS_MAX) {
      throw new PatternError("the pattern is too large");
    }
    switch (node.kind) {
      case "set":
        this.program.push(node);
        return;
      case "start":
      case "end":
        this.program.push({ kind: node.kind });
        return;
      case "sequence":
        for (const part of node.parts) this.emit(part);
        return;
      case "choice":
        this.#choice(node.parts);
        return;
      case "repeat":
        this.#repeat(node);
    }
  }

  #split(): { to: number } {
    const split = { kind: "split" as const, to: 0 };
    this.program.push(split);
    return split;
  }

  #choice(parts: readonly PatternNode[]): void {
    const exits: { to: number }[] = [];
    for (const part of parts.slice(0, -1)) {
      const split = this.#split();
      this.emit(part);
      const exit = { kind: "jump" as const, to: 0 };
      this.program.push(exit);
      exits.push(exit);
      split.to = this.program.length;
    }
    this.emit(parts[parts.length - 1]);
    for (const exit of exits) exit.to = this.program.length;
  }

  #repeat({ part, min, max }: Extract<PatternNode, { kind: "repeat" }>): void {
    for (let count = 0; count < min; count += 1) this.emit(part);
    const exits: { to: number }[] = [];
    if (max === Number.POSITIVE_INFINITY) {
      const start = this.program.length;
      exits.push(this.#split());
      this.emit(part);
      this.program.push({ kind: "jump", to: start });
    } else {
      for (let count = min; count < max; count += 1) {
        exits.push(this.#split());
        this.emit(part);
      }
    }
    for (const exit of exits) exit.to = this.program.length;
  }
}
