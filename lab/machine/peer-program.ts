import { execFileSync } from "node:child_process";

/** Debian keeps servers in folders that are not in an ordinary user's PATH. */
export const searchPath = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;

const VERSION_MS_MAX = 10_000;

/** The first line of a program's output, on either stream. Throws when it does not run. */
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
 * The version of a program of a pair: the first group of `pattern` in its first line. Throws Error with a
 * sentence for the user when the program is missing.
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
