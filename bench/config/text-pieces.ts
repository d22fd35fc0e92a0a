import { closeSync, openSync, writeSync } from "node:fs";

const LINES_A_PIECE = 1000;

/** The texts of `count` things, some at a time: few enough writes, and never the whole file in memory. */
export function* inPieces(count: number, text: (index: number) => string): Generator<string> {
  for (let first = 0; first < count; first += LINES_A_PIECE) {
    const length = Math.min(LINES_A_PIECE, count - first);
    yield Array.from({ length }, (_, index) => text(first + index)).join("");
  }
}

/** Writes the file and returns its length in bytes. */
export function writePieces(path: string, pieces: Iterable<string>): number {
  const file = openSync(path, "w");
  let bytes = 0;
  try {
    for (const piece of pieces) bytes += writeSync(file, piece);
  } finally {
    closeSync(file);
  }
  return bytes;
}
