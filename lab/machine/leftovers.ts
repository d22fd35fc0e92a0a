import { readdirSync, readFileSync } from "node:fs";
import { ip, runTool } from "./ip-command.ts";

const PREFIX = "provlab-lab-";
const NAMESPACES = "/run/netns";

/** The name for a thing that a process makes in the system, so that others recognise it later. */
export function labName(what: string, pid = process.pid): string {
  return `${PREFIX}${pid}-${what}`;
}

/** The process that made the thing with that name; undefined for a thing of others. */
export function labOwner(name: string): number | undefined {
  const match = new RegExp(`^${PREFIX}(\\d+)-`).exec(name);
  return match === null ? undefined : Number(match[1]);
}

/**
 * Removes the namespaces and mounts that killed processes left behind. Their programs ended with them.
 */
export function removeLeftovers(isAlive: (pid: number) => boolean = hasProcess): void {
  const isLeft = (name: string): boolean => {
    const owner = labOwner(name);
    return owner !== undefined && !isAlive(owner);
  };
  for (const [source, path] of mounts()) {
    if (isLeft(source)) runTool("umount", "--lazy", path);
  }
  for (const name of namespaces()) {
    if (isLeft(name)) ip("netns", "delete", name);
  }
}

function namespaces(): string[] {
  try {
    return readdirSync(NAMESPACES);
  } catch {
    return [];
  }
}

/** Source and place of each mount; spaces in a path are `\040` in the file. */
function mounts(): (readonly [string, string])[] {
  const lines = readFileSync("/proc/self/mounts", "utf8").trim().split("\n");
  return lines.map((line) => {
    const [source = "", path = ""] = line.split(" ");
    return [source, path.replaceAll("\\040", " ")] as const;
  });
}

/** Whether a process of that number runs. */
export function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
