import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { Socket } from "node:net";
import { libc } from "./libc.ts";
import { O_CLOEXEC, O_NONBLOCK } from "./linux.ts";
import { NativeMemory } from "./native-memory.ts";

const EVENT_POLL = "anon_inode:[eventpoll]";

/**
 * The descriptor on which this thread's event loop waits in the kernel (epoll): readable when the loop
 * has something to do other than a timer, such as a signal, a message or a stream. Node does not expose
 * it, so a pipe is given to the loop, and the kernel is asked which epoll watches it. Undefined when the
 * kernel does not say.
 */
export async function findEventLoopDescriptor(): Promise<number | undefined> {
  const ends = new NativeMemory(8);
  if (libc().pipe2(ends.address, O_NONBLOCK | O_CLOEXEC) !== 0) return undefined;
  const [watched, other] = ends.words;
  const pipe = new Socket({ fd: watched!, readable: true, writable: false });
  const closed = new Promise((resolve) => pipe.once("close", resolve));
  try {
    pipe.resume();
    // The loop registers new descriptors when it next waits, which is done after one turn.
    await turn();
    await turn();
    return descriptorWatching(watched!);
  } finally {
    pipe.destroy();
    libc().close(other!);
    await closed;
  }
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function descriptorWatching(watched: number): number | undefined {
  const line = new RegExp(`^tfd:\\s+${watched}\\s`, "m");
  const found = descriptors().find((descriptor) => {
    try {
      return (
        readlinkSync(`/proc/self/fd/${descriptor}`) === EVENT_POLL &&
        line.test(readFileSync(`/proc/self/fdinfo/${descriptor}`, "latin1"))
      );
    } catch {
      // Another thread has closed it meanwhile.
      return false;
    }
  });
  return found === undefined ? undefined : Number(found);
}

function descriptors(): readonly string[] {
  try {
    return readdirSync("/proc/self/fdinfo");
  } catch {
    return [];
  }
}
