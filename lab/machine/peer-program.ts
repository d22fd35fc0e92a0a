import { execFileSync } from "node:child_process";

/** Debian keeps servers in folders that are not in an ordinary user's PATH. */
export const searchPath = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;

const VERSION_MS_MAX = 10_000;

/** The first line that a program says when asked for its version, on either stream; throws when it does not run. */
export function firstLineOf(program: string, ...args: readonly string[]): string {
  const output = execFileSync("sh", ["-c", 'exec "$0" "$@" 2>&1', program, ...args], {
    encoding: "utf8",
    timeout: VERSION_MS_MAX,
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, PATH: searchPath },
  });
  return output.trim().split("\n")[0].trim();
}

/**
 * The version of a program that a pair is made of: what `pattern` finds first in the line that it says. Throws
 * Error with a sentence for the user when it is missing.
 */
export function requiredVersion(
  [program, flag]: readonly [string, string],
  pattern: RegExp,
  debianPackage: string,
): string {
  try {
    const version = pattern.exec(firstLineOf(program, flag))?.[1];
    if (version !== undefined) return version;
  } catch {
    // Reported below, like another program of that name.
  }
  throw new Error(`the pair needs ${program}, which does not run here (Debian: ${debianPackage})`);
}
