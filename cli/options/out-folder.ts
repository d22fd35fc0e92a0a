import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UsageError } from "./usage-error.ts";

/**
 * Makes the folder of `--out` and sees that files can be written there, before a run of minutes finds out.
 * Throws UsageError.
 */
export function makeOutFolder(folder: string): void {
  try {
    makeFolders(resolve(folder));
    const probe = join(folder, ".prov-out");
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UsageError(
      `--out ${folder}: nothing can be written there (${code}); name a folder that can be`,
      { cause: error },
    );
  }
}

/**
 * Makes a folder and those above it, one by one: where none can be made, as in /proc, Node's `recursive` tries for
 * ever. Throws the file system's error.
 */
export function makeFolders(path: string): void {
  if (existsSync(path)) return;
  makeFolders(dirname(path));
  mkdirSync(path);
}
