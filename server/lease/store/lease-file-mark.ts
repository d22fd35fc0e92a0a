import { latin1Bytes } from "../../../protocol/latin1.ts";

/**
 * What a file says of the other one of two:
 * `both`: either may have acknowledged leases that the other one has not;
 * `alone`: this file has every acknowledged lease;
 * `behind`: this file is being caught up, and acknowledgements do not count on it.
 */
export type Standing = "both" | "alone" | "behind";

/**
 * A comment in each of two lease files that are written together. ISC's tools pass over it. The files get
 * the same records in the same order, so of two files of one generation the longer one has everything
 * that the shorter one has; and a generation begins with everything that was acknowledged before.
 */
export interface LeaseFileMark {
  /** Drawn when two files become a set: files of different sets have nothing to do with each other. */
  readonly set: string;
  /** Counts up with each mark that begins a generation. */
  readonly generation: number;
  readonly standing: Standing;
  /** Bytes of this generation's records before the record that follows the mark. */
  readonly bytes: number;
}

const lead = "# provlab: one lease file of two; set ";
// The full stop shows that the line is whole: digits that a crash cut off are still digits.
const form =
  /^# provlab: one lease file of two; set ([0-9a-f]{16}), generation (\d{1,15}), (both|alone|behind), (\d{1,15}) bytes\.$/;

/** Longest line that `parseMark` reads. */
export const MARK_BYTES_MAX = 128;

/** The line of the mark, with its newline. */
export function markLine({ set, generation, standing, bytes }: LeaseFileMark): Uint8Array {
  return latin1Bytes(`${lead}${set}, generation ${generation}, ${standing}, ${bytes} bytes.\n`);
}

/** Reads a comment without its newline; undefined when it is no mark. */
export function parseMark(comment: string): LeaseFileMark | undefined {
  const [, set, generation, standing, bytes] = form.exec(comment) ?? [];
  if (set === undefined) return undefined;
  return {
    set,
    generation: Number(generation),
    standing: standing as Standing,
    bytes: Number(bytes),
  };
}
