import { pathBelowRoot } from "../tftp/file-name.ts";

/** A file in a manifest. */
export interface MirrorEntry {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  /** Permissions: the lowest nine bits. */
  readonly mode: number;
  /** 64 hexadecimal digits; `undefined`: the file is being written at this moment. */
  readonly sha256: string | undefined;
}

export interface Manifest {
  /** The whole folder could be read. Otherwise a missing file proves nothing. */
  readonly isComplete: boolean;
  readonly files: ReadonlyMap<string, MirrorEntry>;
}

const unsettled = "-";
const firstLine = /^provlab\/mirror@1 (complete|partial)$/;
const fileLine = /^([0-9a-f]{64}|-) (\d{1,15}) (\d{1,15}) ([0-7]{1,3}) (.+)$/;

/** Whether a path from a manifest may be written below a root. */
export function isMirrorPath(path: string): boolean {
  // A name that is not UTF-8 is read with this character, and opens no file.
  return !path.includes("\ufffd") && pathBelowRoot(path) === path;
}

/** One line for each file, in the order of the map: equal folders in equal order give equal text. */
export function formatManifest({ isComplete, files }: Manifest): string {
  const lines = [`provlab/mirror@1 ${isComplete ? "complete" : "partial"}`];
  for (const { sha256, size, mtimeMs, mode, path } of files.values()) {
    lines.push(`${sha256 ?? unsettled} ${size} ${mtimeMs} ${mode.toString(8)} ${path}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Undefined when any line is invalid: a manifest is accepted as a whole or not at all. */
export function parseManifest(text: string, filesMax: number): Manifest | undefined {
  const lines = text.split("\n");
  const isComplete = firstLine.exec(lines[0]!)?.[1];
  if (isComplete === undefined || lines.pop() !== "" || lines.length > filesMax + 1) {
    return undefined;
  }
  const files = new Map<string, MirrorEntry>();
  for (const line of lines.slice(1)) {
    const parts = fileLine.exec(line);
    if (parts === null) return undefined;
    const [, sha256, size, mtimeMs, mode, path] = parts as unknown as string[];
    if (!isMirrorPath(path!) || files.has(path!)) return undefined;
    files.set(path!, {
      path: path!,
      size: Number(size),
      mtimeMs: Number(mtimeMs),
      mode: Number.parseInt(mode!, 8),
      sha256: sha256 === unsettled ? undefined : sha256,
    });
  }
  return { isComplete: isComplete === "complete", files };
}

/** The steps that make a folder equal to its master. */
export interface MirrorSteps {
  readonly fetch: readonly MirrorEntry[];
  readonly remove: readonly string[];
}

/**
 * A file that is being written, on either side, waits until it is finished. Nothing is removed when the
 * master is partial or empty: a disk that is not mounted looks like that.
 */
export function stepsTo(master: Manifest, own: Manifest): MirrorSteps {
  const fetch: MirrorEntry[] = [];
  for (const entry of master.files.values()) {
    if (entry.sha256 === undefined) continue;
    const mine = own.files.get(entry.path);
    if (mine !== undefined && (mine.sha256 === undefined || isSame(mine, entry))) continue;
    fetch.push(entry);
  }
  if (!master.isComplete || master.files.size === 0) return { fetch, remove: [] };
  const remove: string[] = [];
  for (const { path, sha256 } of own.files.values()) {
    if (sha256 !== undefined && !master.files.has(path)) remove.push(path);
  }
  return { fetch, remove };
}

function isSame(a: MirrorEntry, b: MirrorEntry): boolean {
  return a.sha256 === b.sha256 && a.size === b.size && a.mode === b.mode;
}
