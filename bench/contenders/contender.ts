import { execFileSync } from "node:child_process";
import type { Population } from "../../scenarios/population.ts";
import type { BenchNetwork } from "../network.ts";

/** A server that takes part, and how to run it. */
export interface Contender {
  readonly id: string;
  readonly name: string;
  /** What is on disk when an ACK leaves. */
  readonly durability: string;
  /** How it is configured beyond the population, for the reader of the figures. */
  readonly settings: string;
  /** DORA a second that the first search begins with: a guess that only costs time when wrong. */
  readonly firstRate: number;
  /** It needs a network interface with a broadcast address, and port 67. */
  readonly needsInterface: boolean;
  /** Another setting of a server that takes part anyway: not in a quick run, else in one round. */
  readonly isVariant: boolean;
  /** What it says its version is; throws when it is not installed. */
  readonly version: () => string;
  /** Writes what it reads into `folder`; says how to start it. */
  readonly prepare: (setting: ContenderSetting) => Launch;
}

export interface ContenderSetting {
  /** Absolute, existing, this contender's own, and on the disk that is measured. */
  readonly folder: string;
  readonly network: BenchNetwork;
  readonly population: Population;
  readonly leaseSeconds: number;
}

export interface Launch {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Debian keeps servers where an ordinary user's PATH does not look. */
export const searchPath = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;

const VERSION_MS_MAX = 10_000;

/** The first line that a program says when asked for its version, on either stream. */
export function firstLineOf(program: string, ...args: readonly string[]): string {
  const output = execFileSync("sh", ["-c", 'exec "$0" "$@" 2>&1', program, ...args], {
    encoding: "utf8",
    timeout: VERSION_MS_MAX,
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, PATH: searchPath },
  });
  return output.trim().split("\n")[0]!.trim();
}
