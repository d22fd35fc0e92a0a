import { pathBelowRoot } from "../tftp/file-name.ts";

/** A file as a manifest has it. */
export interface MirrorEntry {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  /** Permissions: the lowest nine bits. */
  readonly mode: number;
  /** 64 hexadecimal digits; `undefined`: it is being written at this moment. */
  readonly sha256: string | undefined;
}

export interface Manifest {
  /** Everything that there is could be read. Without that nobody knows what is missing. */
  readonly isComplete: boolean;
  readonly files: ReadonlyMap<string, MirrorEntry>;
}

const unsettled = "-";
const firstLine = /^provlab\/mirror@1 (complete|partial)$/;
const fileLine = /^([0-9a-f]{64}|-) (\d{1,15}) (\d{1,15}) ([0-7]{1,3}) (.+)$/;

/** Whether a path, as a manifest has it, may be written below a root. */
export function isMirrorPath(path: string): boolean {
  // A name that is no UTF-8 reads as one with this character, and leads to no file.
  return !path.includes("\ufffd") && pathBelowRoot(path) === path;
}

/** One line a file, in the order of the map; equal folders give equal text when the order is. */
export function formatManifest({ isComplete, files }: Manifest): string {
  const lines = [`provlab/mirror@1 ${isComplete ? "complete" : "partial"}`];
  for (const { sha256, size, mtimeMs, mode, path } of files.values()) {
    lines.push(`${sha256 ?? unsettled} ${size} ${mtimeMs} ${mode.toString(8)} ${path}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Undefined when any line is not what it should be: a manifest is taken as a whole or not at all. */
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

/** What makes a folder the same as its master. */
export interface MirrorSteps {
  readonly fetch: readonly MirrorEntry[];
  readonly remove: readonly string[];
}

/**
 * A file that is being written, on either side, waits until it rests. Nothing is removed for a master
 * that is partial, nor for one that is empty: a disk that is not mounted looks like that.
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
