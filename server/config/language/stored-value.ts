import { DATA_BYTES_MAX } from "../text/bytes.ts";
import type { EvaluatedSettings, EvaluationContext, Evaluator } from "./program.ts";

/** What one statement sets: a value, or how to compute it. */
export type Part = Uint8Array | Evaluator<Uint8Array>;

/** Values behind one another, some still to be worked out: what `append` and `prepend` make. */
export class Parts {
  readonly parts: Part[];

  constructor(parts: Part[]) {
    this.parts = parts;
  }
}

/** What a slot of `Settings` holds. */
export type Stored = Part | Parts;

/** One behind the other. */
export function together(first: Stored, second: Stored): Stored {
  if (first instanceof Uint8Array && second instanceof Uint8Array) return joined(first, second);
  const partsOf = (value: Stored): Part[] => (value instanceof Parts ? value.parts : [value]);
  return new Parts([...partsOf(first), ...partsOf(second)]);
}

/** The bytes of the value; null when any part is. */
export function workOut(
  value: Exclude<Stored, Uint8Array>,
  context: EvaluationContext,
  settings: EvaluatedSettings,
): Uint8Array | undefined {
  if (typeof value === "function") return value(context, settings);
  let whole = new Uint8Array(0);
  for (const part of value.parts) {
    const bytes = typeof part === "function" ? part(context, settings) : part;
    if (bytes === undefined) return undefined;
    whole = joined(whole, bytes);
  }
  return whole;
}

/** Leaves `first` as it is when the result would be too long. */
function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  if (first.length + second.length > DATA_BYTES_MAX) return Uint8Array.from(first);
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
