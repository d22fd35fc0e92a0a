import { systemClock } from "../clock.ts";
import { BatchSocket } from "./batch-socket.ts";
import { DgramSocket } from "./dgram-socket.ts";
import { lastError } from "./file-descriptor.ts";
import { libc } from "./libc.ts";
import { POLLFD_BYTES, POLLIN, TIMESPEC_BYTES } from "./linux.ts";
import { NativeMemory } from "./native-memory.ts";
import type { UdpSocket } from "./udp-socket.ts";

const BLOCKED_MS_MAX = 5;
const POLLED_SOCKETS_MAX = 64;

/** ppoll over batched sockets, on memory of its own. */
class Poller {
  readonly #libc = libc();
  readonly #fds = new NativeMemory(POLLED_SOCKETS_MAX * POLLFD_BYTES);
  readonly #timeout = new NativeMemory(TIMESPEC_BYTES);

  /**
   * Blocks the thread until one of the sockets is readable, or for `timeoutMs`. Throws SocketError when
   * the system refuses, such as EINVAL after the limit of open files was lowered: a loop that took that
   * for silence would never wait again.
   */
  poll(sockets: readonly BatchSocket[], timeoutMs: number): boolean {
    for (const [i, socket] of sockets.entries()) {
      this.#fds.view.setInt32(i * POLLFD_BYTES, socket.fileDescriptor, true);
      this.#fds.view.setInt16(i * POLLFD_BYTES + 4, POLLIN, true);
    }
    this.#timeout.setPointer(8, Math.round(timeoutMs * 1e6));
    const ready = this.#libc.ppoll(this.#fds.address, sockets.length, this.#timeout.address, 0);
    if (ready >= 0) return ready > 0;
    const failure = lastError("cannot wait for datagrams");
    if (failure.code === "EINTR") return false;
    throw failure;
  }
}

let poller: Poller | undefined;
let turnedAtMs = Number.NEGATIVE_INFINITY;

async function turnEventLoop(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  turnedAtMs = systemClock.monotonicMs();
}

/**
 * Resolves when one of the sockets has datagrams, when all are closed, or after `timeoutMs`. The
 * thread is blocked for 5 ms at most at a time, with a turn of the event loop in between, so that
 * its timers, messages and signals go on; so they do when the sockets are never empty.
 */
export async function waitReadable(
  sockets: readonly UdpSocket[],
  timeoutMs: number,
): Promise<void> {
  if (sockets.length > POLLED_SOCKETS_MAX) {
    throw new RangeError(`waitReadable takes ${POLLED_SOCKETS_MAX} sockets, not ${sockets.length}`);
  }
  const deadlineMs = systemClock.monotonicMs() + timeoutMs;
  const own = sockets.map((socket) => socket.underlying ?? socket);
  const batched = own.filter((socket) => socket instanceof BatchSocket);
  const evented = own.filter((socket) => socket instanceof DgramSocket);
  let ready = isAnyReadable(batched, evented, 0);
  let remainingMs = timeoutMs;
  while (!ready && remainingMs > 0 && isAnyOpen(batched, evented)) {
    await turnEventLoop();
    remainingMs = deadlineMs - systemClock.monotonicMs();
    if (evented.length > 0) {
      await waitEvented(evented, batched.length > 0 ? Math.min(remainingMs, 1) : remainingMs);
      ready = isAnyReadable(batched, evented, 0);
    } else {
      ready = isAnyReadable(batched, evented, Math.min(remainingMs, BLOCKED_MS_MAX));
    }
  }
  if (systemClock.monotonicMs() - turnedAtMs >= BLOCKED_MS_MAX) await turnEventLoop();
}

function isAnyReadable(
  batched: readonly BatchSocket[],
  evented: readonly DgramSocket[],
  timeoutMs: number,
): boolean {
  if (evented.some((socket) => socket.pending > 0)) return true;
  if (batched.length === 0) return false;
  poller ??= new Poller();
  return poller.poll(batched, Math.max(timeoutMs, 0));
}

function isAnyOpen(batched: readonly BatchSocket[], evented: readonly DgramSocket[]): boolean {
  return batched.some((socket) => !socket.isClosed) || evented.some((socket) => !socket.isClosed);
}

/** Until a datagram comes, or for `timeoutMs`; a node timer may be late by a millisecond or two. */
async function waitEvented(sockets: readonly DgramSocket[], timeoutMs: number): Promise<void> {
  if (timeoutMs < 1 || sockets.some((socket) => socket.pending > 0)) return;
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      for (const socket of sockets) socket.unwatch(finish);
      resolve();
    };
    const timer = setTimeout(finish, Math.floor(timeoutMs));
    for (const socket of sockets) socket.watch(finish);
  });
}
