import { join } from "node:path";
import { packageRoot } from "../../lab/machine/package-root.ts";

export { firstLineOf, searchPath } from "../../lab/machine/peer-program.ts";

/** A program that takes part, and how to run it with a `Setting`. */
export interface Contender<Setting> {
  readonly id: string;
  readonly name: string;
  /** How it is set, for the reader of the figures. */
  readonly settings: string;
  /** What it says its version is; throws when it is not installed. */
  readonly version: () => string;
  /** Writes what it reads into the setting's folder; says how to start it. */
  readonly prepare: (setting: Setting) => Launch;
}

export interface Launch {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** The command line of our own program, as it was built. */
export function provCommand(...args: readonly string[]): readonly string[] {
  return [process.execPath, join(packageRoot, "dist", "cli", "main.js"), ...args];
}

/** The version of a contender, or why it cannot take part. */
export function versionOrMissing(
  version: () => string,
):
  | { readonly version: string; readonly missing: undefined }
  | { readonly version: ""; readonly missing: string } {
  try {
    return { version: version(), missing: undefined };
  } catch {
    return { version: "", missing: "not installed" };
  }
}
