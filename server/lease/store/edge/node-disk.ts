import * as fs from "node:fs";
import { dirname } from "node:path";
import { attempted, type LeaseDisk } from "../lease-disk.ts";

// Paths come with their links followed, or as `unfollowing` leaves them.
const existing = fs.constants.O_RDWR | fs.constants.O_NOFOLLOW;

/** The real disk, through node:fs. */
export const nodeDisk: LeaseDisk = {
  realPath: (path) => fs.realpathSync(path),
  open: (path, mode) => fs.openSync(path, mode === "new" ? "wx+" : existing, 0o664),
  close: (file) => fs.closeSync(file),
  state: (file) => {
    const { size, nlink } = fs.fstatSync(file);
    return { sizeBytes: size, links: nlink };
  },
  read: (file, target, length, position) => fs.readSync(file, target, 0, length, position),
  write: (file, bytes, length, position) => fs.writeSync(file, bytes, 0, length, position),
  sync: (file) => fs.fdatasyncSync(file),
  truncate: (file, sizeBytes) => fs.ftruncateSync(file, sizeBytes),
  link: (path, newPath) => fs.linkSync(path, newPath),
  rename: (path, newPath) => fs.renameSync(path, newPath),
  unlink: (path) => fs.unlinkSync(path),
  syncDirectory: (path) => {
    const directory = fs.openSync(dirname(path), "r");
    try {
      fs.fsyncSync(directory);
    } finally {
      fs.closeSync(directory);
    }
  },
  copyAccess: (from, to) => {
    const { mode, uid, gid } = fs.fstatSync(from);
    attempted(() => fs.fchownSync(to, uid, gid));
    fs.fchmodSync(to, mode & 0o7777);
  },
};

/** The real disk, where a lease file that is a symbolic link cannot be opened (ELOOP). */
export const unfollowing: LeaseDisk = { ...nodeDisk, realPath: (path) => path };
