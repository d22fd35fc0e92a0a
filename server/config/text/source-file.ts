/** The text of one configuration file, and where in it things are. */
export class SourceFile {
  readonly path: string;
  readonly text: string;
  /** Lines that begin before the n-th piece of the text; made for the first message. */
  #linesBefore: Uint32Array | undefined;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /** Line and column, both from 1, of a character, and its line: for messages. */
  placeOf(offset: number): { line: number; column: number; text: string } {
    this.#linesBefore ??= countLines(this.text);
    const piece = Math.floor(offset / PIECE);
    let line = this.#linesBefore[piece] + 1;
    let next = this.text.indexOf("\n", piece * PIECE);
    while (next >= 0 && next < offset) {
      line += 1;
      next = this.text.indexOf("\n", next + 1);
    }
    const start = offset === 0 ? 0 : this.text.lastIndexOf("\n", offset - 1) + 1;
    const end = this.text.indexOf("\n", start);
    const text = this.text.slice(
      start,
      Math.min(end < 0 ? this.text.length : end, start + LINE_MAX),
    );
    return { line, column: offset - start + 1, text: detached(text.replace(/\r$/, "")) };
  }
}

/** How many characters a message searches at most for its line. */
const PIECE = 0x1_0000;
/** Messages show only the beginning of a longer line. */
const LINE_MAX = 0x1_0000;

function countLines(text: string): Uint32Array {
  const counts = new Uint32Array(Math.floor(text.length / PIECE) + 1);
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
    count += 1;
    // The end of a line counts for the pieces behind it.
    const piece = Math.floor(at / PIECE) + 1;
    if (piece < counts.length) counts[piece] = count;
  }
  for (let piece = 1; piece < counts.length; piece += 1) {
    counts[piece] = Math.max(counts[piece], counts[piece - 1]);
  }
  return counts;
}

/**
 * A copy that shares no memory with the text it was cut from: engines keep a whole file alive for
 * the sake of one short slice.
 */
export function detached(slice: string): string {
  const pieces: string[] = [];
  for (let start = 0; start < slice.length; start += CHUNK) {
    const codes: number[] = [];
    for (let index = start; index < Math.min(start + CHUNK, slice.length); index += 1) {
      codes.push(slice.charCodeAt(index));
    }
    pieces.push(String.fromCharCode(...codes));
  }
  return pieces.join("");
}

const CHUNK = 1024;
