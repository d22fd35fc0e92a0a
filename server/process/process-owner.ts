import { spawnSync } from "node:child_process";
import { chownSync } from "node:fs";
import { StartError, systemReason } from "./start-error.ts";

/** Whom the process belongs to after its start; undefined: as it was. */
export interface ProcessOwner {
  readonly userId: number | undefined;
  readonly groupId: number | undefined;
}

/**
 * Looks a user and a group up by their names (`-user`, `-group`); a user brings its group along unless
 * one is named. Throws StartError with dhcpd's own words.
 */
export function findOwner(user: string | undefined, group: string | undefined): ProcessOwner {
  let userId: number | undefined;
  let groupId: number | undefined;
  if (user !== undefined) {
    if (process.geteuid?.() !== 0) throw new StartError("you must be root to set user");
    const entry = entryOf("passwd", user);
    if (entry === undefined) throw new StartError(`no such user: ${user}`);
    userId = Number(entry[2]);
    groupId = Number(entry[3]);
  }
  if (group !== undefined) {
    if (process.geteuid?.() !== 0) throw new StartError("you must be root to set group");
    const entry = entryOf("group", group);
    if (entry === undefined) throw new StartError(`no such group: ${group}`);
    groupId = Number(entry[2]);
  }
  return { userId, groupId };
}

/** The fields of one line of the system's data base, wherever that is kept. */
function entryOf(database: "passwd" | "group", name: string): readonly string[] | undefined {
  const { error, stdout } = spawnSync("getent", [database, name], { encoding: "utf8" });
  if (error !== undefined) {
    throw new StartError(`Can't look up ${name} (getent): ${systemReason(error)}`, {
      cause: error,
    });
  }
  const fields = stdout.trim().split(":");
  // getent finds numbers, too, and dhcpd takes names only.
  return fields[0] === name ? fields : undefined;
}

/**
 * Gives up what root may do, for good, and gives the lease file to the new owner. What is open stays
 * open. Throws StartError when the system refuses.
 */
export function becomeOwner({ userId, groupId }: ProcessOwner, leaseFile: string): void {
  try {
    if (userId && groupId) chownSync(leaseFile, userId, groupId);
    if (groupId) {
      process.setgroups?.([]);
      process.setgid?.(groupId);
    }
    if (userId) process.setuid?.(userId);
  } catch (error) {
    throw new StartError(`Can't become user ${userId}, group ${groupId}: ${systemReason(error)}`, {
      cause: error,
    });
  }
}
