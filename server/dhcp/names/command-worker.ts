import { parentPort } from "node:worker_threads";
import { systemClock } from "../../../base/clock.ts";
import { CommandQueue } from "./command-queue.ts";

// The thread that starts the commands of `execute` statements: starting a process takes milliseconds, and
// packets must not wait for it.

const port = parentPort!;
const queue = new CommandQueue({
  onTrouble: (trouble) => port.postMessage(trouble),
  nowMs: () => systemClock.monotonicMs(),
});

port.on("message", (words: readonly string[] | "stop") => {
  if (words !== "stop") queue.run(words);
  else void queue.idle().then(() => port.close());
});
