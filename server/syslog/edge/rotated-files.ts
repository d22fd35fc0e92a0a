import { readdirSync, statSync, unlinkSync } from "node:fs";
import { basename, dirname } from "node:path";
import { outdatedFiles, type RotatedFile, removalOrder, rotatedDate } from "../rotation.ts";

/** The files of past days, for all logs together. System errors go to the caller. */
export class RotatedFiles {
  readonly #daysKept: number;
  readonly #dayBytesMax: number;
  /** In the order in which they are removed to make room. */
  #files: RotatedFile[] = [];
  #bytes = 0;

  constructor(daysKept: number, dayBytesMax: number) {
    this.#daysKept = daysKept;
    this.#dayBytesMax = dayBytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Removes files of the log at `path` beyond the days kept, and lists the rest. */
  refresh(path: string): void {
    const directory = dirname(path);
    const log = basename(path);
    const entries = readdirSync(directory);
    const outdated = new Set(outdatedFiles(entries, log, this.#daysKept));
    for (const name of outdated) unlinkSync(`${directory}/${name}`);
    const present = entries.flatMap((name): readonly RotatedFile[] => {
      const date = rotatedDate(name, log);
      if (date === undefined || outdated.has(name)) return [];
      const file = `${directory}/${name}`;
      const bytes = statSync(file, { throwIfNoEntry: false })?.size;
      return bytes === undefined ? [] : [{ path: file, date, bytes }];
    });
    const others = this.#files.filter(
      (file) =>
        dirname(file.path) !== directory || rotatedDate(basename(file.path), log) === undefined,
    );
    this.#take([...others, ...present]);
  }

  /** Removes and returns the first file in that order; undefined when there is none. */
  removeFirst(): RotatedFile | undefined {
    const [first, ...others] = this.#files;
    if (first === undefined) return undefined;
    unlinkSync(first.path);
    this.#take(others);
    return first;
  }

  #take(files: readonly RotatedFile[]): void {
    this.#files = removalOrder(files, this.#dayBytesMax);
    this.#bytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}
