/** The text of one configuration file, and where in it things are. */
export class SourceFile {
  readonly path: string;
  readonly text: string;
  /** The line of the last place asked for. */
  #last = { line: 1, start: 0 };

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /** Line and column, both from 1, of a character. Looks at the text up to there: for messages. */
  placeOf(offset: number): { line: number; column: number; text: string } {
    // Messages come mostly in the order of the text, which may be long.
    let { line, start } = this.#last.start <= offset ? this.#last : { line: 1, start: 0 };
    for (;;) {
      const end = this.text.indexOf("\n", start);
      if (end < 0 || end >= offset) break;
      line += 1;
      start = end + 1;
    }
    this.#last = { line, start };
    const end = this.text.indexOf("\n", start);
    const text = this.text.slice(start, end < 0 ? this.text.length : end).replace(/\r$/, "");
    return { line, column: offset - start + 1, text: detached(text) };
  }
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
