// For tests and benches, loaded into a Node program by NODE_OPTIONS=--import=<this file>: the disk stands
// still for the first PROVLAB_DISK_STALL_MS of each PROVLAB_DISK_STALL_EVERY_MS of the wall clock, so that
// every thread and every process sees the same stalls. Only syncs wait for it, as with a real disk: writes
// go to memory. With PROVLAB_DISK_STALL_EVERY_MS unset each sync takes that much longer. With
// PROVLAB_DISK_STALL_PATH only files whose path begins with it are on that disk.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

function milliseconds(name, whenUnset) {
  const value = Number(process.env[name] ?? whenUnset);
  if (value >= 0) return value;
  throw new Error(`${name}: give a number of milliseconds, not ${process.env[name]}`);
}

const stallMs = milliseconds("PROVLAB_DISK_STALL_MS");
const everyMs = milliseconds("PROVLAB_DISK_STALL_EVERY_MS", 0);
const path = process.env.PROVLAB_DISK_STALL_PATH ?? "";
const sleeping = new Int32Array(new SharedArrayBuffer(4));

const remainingMs = () => (everyMs === 0 ? stallMs : stallMs - (Date.now() % everyMs));
const isOnDisk = (file) => path === "" || fs.readlinkSync(`/proc/self/fd/${file}`).startsWith(path);

for (const name of ["fsyncSync", "fdatasyncSync"]) {
  const sync = fs[name];
  fs[name] = (file) => {
    const waitMs = remainingMs();
    if (waitMs > 0 && isOnDisk(file)) Atomics.wait(sleeping, 0, 0, waitMs);
    sync(file);
  };
}
syncBuiltinESMExports();
