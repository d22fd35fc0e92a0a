import { spawnSync } from "node:child_process";
import { closeSync, constants, fchownSync, fstatSync, openSync } from "node:fs";
import { refusedBySystem, StartError } from "./start-error.ts";

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
  const userEntry = user === undefined ? undefined : entryOf("user", user);
  const groupEntry = group === undefined ? undefined : entryOf("group", group);
  const groupId = groupEntry?.[2] ?? userEntry?.[3];
  return {
    userId: userEntry && Number(userEntry[2]),
    groupId: groupId === undefined ? undefined : Number(groupId),
  };
}

/** The fields of an entry in the system's user or group database, wherever that is kept. */
function entryOf(what: "user" | "group", name: string): readonly string[] {
  if (process.geteuid?.() !== 0) throw new StartError(`you must be root to set ${what}`);
  const database = what === "user" ? "passwd" : "group";
  const { error, stdout } = spawnSync("getent", [database, name], { encoding: "utf8" });
  if (error !== undefined) {
    throw refusedBySystem(`Can't look up ${name} (getent)`, error);
  }
  const fields = stdout.trim().split(":");
  // getent also accepts numbers, but dhcpd only names.
  if (fields[0] !== name) throw new StartError(`no such ${what}: ${name}`);
  return fields;
}

/**
 * Gives up root's privileges for good, and gives `files` to the new owner. Open files stay open.
 * Throws StartError when the system refuses.
 */
export function becomeOwner({ userId, groupId }: ProcessOwner, files: readonly string[]): void {
  try {
    if (userId && groupId) for (const file of files) giveFile(file, userId, groupId);
    if (groupId) {
      process.setgroups?.([]);
      process.setgid?.(groupId);
    }
    if (userId) process.setuid?.(userId);
  } catch (error) {
    throw refusedBySystem(`Can't become user ${userId}, group ${groupId}`, error);
  }
}

/** What a link leads to is not given away, even if the link came a moment ago. */
function giveFile(path: string, userId: number, groupId: number): void {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) throw new Error(`${path} is not a file`);
    fchownSync(file, userId, groupId);
  } finally {
    closeSync(file);
  }
}
