import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import type { Environment } from "../../reports/result/run-result.ts";
import { packageRoot, packageVersion } from "./package-root.ts";

const MIB = 1024 * 1024;

/** The machine, the kernel and the versions that figures depend on. */
export function environmentOf(
  choices: Pick<Environment, "durability" | "socket" | "workers">,
): Environment {
  return {
    cpu: cpuName(),
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / MIB),
    kernel: release(),
    node: process.version,
    provlab: packageVersion(),
    commit: commit(),
    ...choices,
  };
}

/** Version and commit. Programs with the same name are identical. */
export function versionName(): string {
  return `${packageVersion()} ${commit()}`;
}

export function cpuName(): string {
  return cpus()[0]?.model.trim() ?? "unknown";
}

let known: string | undefined;

/** The checkout's commit, with `+changes` when the work tree differs; `unknown` without git. */
function commit(): string {
  known ??= askGit();
  return known;
}

function askGit(): string {
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", packageRoot, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 5000,
    }).trim();
  try {
    const changes = git("status", "--porcelain", "--untracked-files=no") === "" ? "" : "+changes";
    return git("rev-parse", "--short=12", "HEAD") + changes;
  } catch {
    return "unknown";
  }
}
