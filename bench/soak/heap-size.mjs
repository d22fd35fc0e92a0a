// Loaded into Node programs by NODE_OPTIONS=--import=<this file>: each thread writes, every second, the size of what its
// heap holds into PROVLAB_HEAP_FOLDER/PID-THREAD, in bytes. From outside a process nothing tells it: V8 keeps memory
// that it does not need at the moment.
import { rmSync, writeFileSync } from "node:fs";
import { getHeapStatistics } from "node:v8";
import { threadId } from "node:worker_threads";

const EVERY_MS = 1000;
const file = `${process.env.PROVLAB_HEAP_FOLDER}/${process.pid}-${threadId}`;

setInterval(() => {
  const { used_heap_size: used, external_memory: external } = getHeapStatistics();
  try {
    writeFileSync(file, String(used + external));
  } catch {
    // A program without the right to write there is measured from outside alone.
  }
}, EVERY_MS).unref();
process.once("exit", () => rmSync(file, { force: true }));
