import { spawnSync } from "node:child_process";
import { chownSync } from "node:fs";
import { StartError, systemReason } from "./start-error.ts";

/** The process's user and group after its start; undefined: unchanged. */
export interface ProcessOwner {
  readonly userId: number | undefined;
  readonly groupId: number | undefined;
}

/**
 * Looks up a user and a group by name (`-user`, `-group`). A user's own group applies unless one is
 * named. Throws StartError in dhcpd's words.
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

/** The fields of an entry in the system's user or group database, wherever that is kept. */
function entryOf(database: "passwd" | "group", name: string): readonly string[] | undefined {
  const { error, stdout } = spawnSync("getent", [database, name], { encoding: "utf8" });
  if (error !== undefined) {
    throw new StartError(`Can't look up ${name} (getent): ${systemReason(error)}`, {
      cause: error,
    });
  }
  const fields = stdout.trim().split(":");
  // getent also accepts numbers, but dhcpd only names.
  return fields[0] === name ? fields : undefined;
}

/**
 * Gives up root's privileges for good, and gives the lease file to the new owner. Open files stay open.
 * Throws StartError when the system refuses.
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
