import { execFileSync } from "node:child_process";

/** Debian keeps servers where an ordinary user's PATH does not look. */
export const searchPath = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;

const VERSION_MS_MAX = 10_000;

/** The first line that a program says when asked for its version, on either stream; throws when it is missing. */
export function firstLineOf(program: string, ...args: readonly string[]): string {
  const output = execFileSync("sh", ["-c", 'exec "$0" "$@" 2>&1', program, ...args], {
    encoding: "utf8",
    timeout: VERSION_MS_MAX,
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, PATH: searchPath },
  });
  return output.trim().split("\n")[0]!.trim();
}
