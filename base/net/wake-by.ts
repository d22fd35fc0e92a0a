import { writeSync } from "node:fs";

const wakeByte = Uint8Array.of(1);

/** Wakes the thread that waits for the pipe of this `writeEnd`. */
export function wakeBy(writeEnd: number): void {
  try {
    writeSync(writeEnd, wakeByte);
  } catch {
    // A full pipe wakes it too, and a thread that is not woken looks by itself.
  }
}
