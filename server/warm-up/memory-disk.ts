import type { BackgroundSync, LeaseDisk } from "../lease/store/lease-disk.ts";

/** A disk with one file, of which only the size is kept. It is never rewritten. */
export function memoryDisk(): LeaseDisk {
  let sizeBytes = 0;
  const nothing = (): void => undefined;
  return {
    realPath: (path) => path,
    open: () => 0,
    close: nothing,
    state: () => ({ sizeBytes, links: 1 }),
    read: () => 0,
    write: (_file, _bytes, length, position) => {
      sizeBytes = position + length;
      return length;
    },
    sync: nothing,
    truncate: (_file, size) => {
      sizeBytes = size;
    },
    link: nothing,
    rename: nothing,
    unlink: nothing,
    syncDirectory: nothing,
    copyAccess: nothing,
  };
}

/** Each sync has ended when it is looked at. */
export const memorySync: BackgroundSync = {
  begin: () => true,
  beginInstall: () => true,
  beginDirectory: () => true,
  end: () => true,
};
