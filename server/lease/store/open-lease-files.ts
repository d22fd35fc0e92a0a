import { assert } from "../../../base/assert.ts";
import type { LeaseTable } from "../table/lease-table.ts";
import { attempted, guarded, type LeaseDisk } from "./lease-disk.ts";
import { chooseLeaseFile, type FoundFile } from "./lease-file-choice.ts";
import { type LeaseFileMark, markLine } from "./lease-file-mark.ts";
import { type LeaseFileContents, readLeases } from "./lease-reader.ts";
import { LeaseStoreError } from "./lease-store.ts";

/** One lease file, or two on two disks that are written together. */
export type LeasePaths = string | readonly [string, string];

export function pathsOf(paths: LeasePaths): readonly string[] {
  return typeof paths === "string" ? [paths] : paths;
}

export interface OpenLeaseFile {
  /** With symbolic links followed. */
  readonly path: string;
  readonly file: number;
  readonly contents: LeaseFileContents;
}

/** The files of a start. */
export interface OpenLeaseFiles {
  /** It has every lease, and they are in the table. */
  readonly main: OpenLeaseFile;
  /** The other one of two. */
  readonly other:
    | { readonly kind: "in-step"; readonly opened: OpenLeaseFile }
    | { readonly kind: "behind"; readonly path: string; readonly opened: OpenLeaseFile | undefined }
    | undefined;
  /** The mark to begin with; undefined for a file that is not one of two. */
  readonly mark: LeaseFileMark | undefined;
  /** Sentences for the log. */
  readonly warnings: readonly string[];
}

type Look = { readonly found: FoundFile; readonly path: string; readonly opened?: OpenLeaseFile };

/**
 * Opens one lease file, or looks at two and chooses, and reads it into `table`. Throws LeaseStoreError:
 * ENOENT when there is no file, DAMAGED, the system's code, or UNSURE when acknowledged leases might be
 * missing.
 */
export function openLeaseFiles(
  disk: LeaseDisk,
  paths: LeasePaths,
  table: LeaseTable,
  newSet: () => string,
): OpenLeaseFiles {
  if (typeof paths === "string") return openOne(disk, paths, table);
  const looks: readonly [Look, Look] = [lookAt(disk, paths[0]), lookAt(disk, paths[1])];
  try {
    const files = openTwo(looks, newSet);
    const { path: main, file } = files.main;
    return { ...files, main: { ...files.main, contents: readLeases(disk, main, file, table) } };
  } catch (error) {
    for (const { opened } of looks) closeQuietly(disk, opened);
    throw error;
  }
}

export function closeQuietly(disk: LeaseDisk, opened: OpenLeaseFile | undefined): void {
  if (opened !== undefined) attempted(() => disk.close(opened.file));
}

/** Makes a file that says it has every lease say that it is behind `mark`. Throws LeaseStoreError. */
export function revoke(
  disk: LeaseDisk,
  { path, file, contents }: OpenLeaseFile,
  mark: LeaseFileMark,
): void {
  const line = markLine({ ...mark, standing: "behind", bytes: 0 });
  guarded(`Can't write to ${path}, which still says that it has every lease`, () => {
    disk.truncate(file, contents.end);
    // A comment may have been cut off.
    disk.write(file, Uint8Array.of(0x0a), 1, contents.end);
    disk.write(file, line, line.length, contents.end + 1);
    disk.sync(file);
  });
}

function openOne(disk: LeaseDisk, path: string, table: LeaseTable): OpenLeaseFiles {
  const main = openExisting(disk, path, table);
  const { mark } = main.contents;
  if (mark === undefined) return { main, other: undefined, mark, warnings: [] };
  const warnings =
    mark.standing === "alone"
      ? []
      : [
          `${main.path} was written together with another lease file: leases that only that one has ` +
            "are not served.",
        ];
  return { main, other: undefined, mark: nextMark([mark], mark.set, "alone"), warnings };
}

function openTwo([first, second]: readonly [Look, Look], newSet: () => string): OpenLeaseFiles {
  if (first.path === second.path) {
    throw new LeaseStoreError(
      "UNSURE",
      `${first.path} is named twice.`,
      "Name two files on two disks.",
    );
  }
  const choice = chooseLeaseFile([first.path, second.path], [first.found, second.found]);
  if (choice.kind === "refused") throw new LeaseStoreError("UNSURE", choice.why, choice.remedy);
  if (choice.kind === "missing") throw missing([first, second][choice.place].path);
  const isSecond = choice.kind === "one" && choice.place === 1;
  const [{ opened: main }, left] = isSecond ? [second, first] : [first, second];
  assert(main !== undefined, "the file that counts was read");
  const marks = [first, second].flatMap(({ opened }) => opened?.contents.mark ?? []);
  const ownSet = main.contents.mark?.set;
  if (choice.kind === "in-step" && ownSet !== undefined && left.opened !== undefined) {
    const other = { kind: "in-step", opened: left.opened } as const;
    return { main, other, mark: nextMark(marks, ownSet, "both"), warnings: [] };
  }
  const isNewSet = choice.kind === "one" && choice.isNewSet;
  return {
    main,
    other: { kind: "behind", path: left.path, opened: left.opened },
    mark: nextMark(marks, isNewSet || ownSet === undefined ? newSet() : ownSet, "alone"),
    warnings: [`${whyBehind(left)} It is written anew from ${main.path}.`],
  };
}

function whyBehind({ found, path }: Look): string {
  if (found.kind === "unreadable") return found.why;
  if (found.kind === "missing") return `${path} is missing.`;
  return `${path} is ${found.isBlank ? "empty" : "behind"}.`;
}

function nextMark(
  marks: readonly LeaseFileMark[],
  set: string,
  standing: LeaseFileMark["standing"],
): LeaseFileMark {
  const generation = 1 + Math.max(0, ...marks.map((mark) => mark.generation));
  return { set, generation, standing, bytes: 0 };
}

function lookAt(disk: LeaseDisk, path: string): Look {
  try {
    const opened = openExisting(disk, path);
    const { mark, generationBytes: bytes, records, blocks } = opened.contents;
    const isBlank = mark === undefined && records === 0 && blocks.size === 0;
    return { path: opened.path, opened, found: { kind: "read", isBlank, mark, bytes } };
  } catch (error) {
    if (!(error instanceof LeaseStoreError)) throw error;
    if (error.code === "ENOENT") return { path, found: { kind: "missing" } };
    return { path, found: { kind: "unreadable", why: error.message } };
  }
}

/** Without a table only to look. */
function openExisting(disk: LeaseDisk, path: string, table?: LeaseTable): OpenLeaseFile {
  try {
    const [realPath, file] = guarded(`Can't open lease database ${path}`, () => {
      const real = disk.realPath(path);
      return [real, disk.open(real, "existing")] as const;
    });
    try {
      return { path: realPath, file, contents: readLeases(disk, realPath, file, table) };
    } catch (error) {
      attempted(() => disk.close(file));
      throw error;
    }
  } catch (error) {
    if (!(error instanceof LeaseStoreError) || error.code !== "ENOENT") throw error;
    throw missing(path);
  }
}

function missing(path: string): LeaseStoreError {
  return new LeaseStoreError(
    "ENOENT",
    `Can't open lease database ${path}: No such file or directory --\n` +
      "  check for failed database rewrite attempt!",
    `\nAn empty file is enough for a new server: touch ${path}`,
  );
}
