import { libc } from "./libc.ts";

/** A service has far fewer; what is beyond is not listed. */
const DESCRIPTORS_MAX = 1024;
const EMPTY = 0;

let own: Int32Array | undefined;

export function openDescriptorList(): SharedArrayBuffer {
  return new SharedArrayBuffer(DESCRIPTORS_MAX * Int32Array.BYTES_PER_ELEMENT);
}

/**
 * From now on the list holds what `openDescriptor` has opened in this thread. Node does not know of it, so nobody
 * would close it when the thread breaks, and its ports would stay taken.
 */
export function listDescriptorsIn(list: SharedArrayBuffer): void {
  own = new Int32Array(list);
}

export function listDescriptor(fd: number): void {
  const free = own?.indexOf(EMPTY) ?? -1;
  if (free >= 0) own![free] = fd;
}

export function unlistDescriptor(fd: number): void {
  const at = own?.indexOf(fd) ?? -1;
  if (at >= 0) own![at] = EMPTY;
}

/** Closes what the thread of this list has left open; call it when the thread has ended. */
export function closeListed(list: SharedArrayBuffer): void {
  const left = new Int32Array(list);
  for (const [at, fd] of left.entries()) {
    if (fd === EMPTY) continue;
    left[at] = EMPTY;
    libc().close(fd);
  }
}
