import { systemClock } from "../clock.ts";
import { BatchSocket } from "./batch-socket.ts";
import { DgramSocket } from "./dgram-socket.ts";
import { findEventLoopDescriptor } from "./kernel/event-loop-descriptor.ts";
import { lastError } from "./kernel/file-descriptor.ts";
import { libc } from "./kernel/libc.ts";
import { POLLFD_BYTES, POLLIN, TIMESPEC_BYTES } from "./kernel/linux.ts";
import { NativeMemory } from "./kernel/native-memory.ts";
import type { UdpSocket } from "./udp-socket-contract.ts";
import type { WakePipe } from "./wake-pipe.ts";

/** The event loop of this thread turns at least this often while it has timers, or may have events. */
const BLOCKED_MS_MAX = 5;
/**
 * While nothing happens the waits grow to this; a timer that does not keep the process alive (unref) may
 * be this late.
 */
const QUIET_MS_MAX = 160;
/** The fallback waits in the event loop itself, and checks this often whether the wait is over. */
const EVENTED_MS_MAX = 50;
const POLLED_SOCKETS_MAX = 64;
/** A descriptor that ppoll ignores. */
const UNKNOWN = -1;

/** `ready`: the sockets have datagrams, or another thread wakes us. */
type Readiness = "ready" | "events" | "nothing";

/** ppoll over batched sockets, the pipe and the event loop, in its own memory. */
class Poller {
  readonly #libc = libc();
  readonly #fds = new NativeMemory((POLLED_SOCKETS_MAX + 2) * POLLFD_BYTES);
  readonly #timeout = new NativeMemory(TIMESPEC_BYTES);

  /**
   * Blocks the thread until a socket is readable, or `wake` is (which is then cleared), or the event loop
   * has something to do, or `timeoutMs` has passed. Throws SocketError when the system refuses, such as
   * EINVAL after the limit of open files was lowered: a loop that took that for silence would never wait
   * again.
   */
  poll(
    sockets: readonly BatchSocket[],
    wake: WakePipe | undefined,
    eventLoop: number,
    timeoutMs: number,
  ): Readiness {
    const count = sockets.length;
    for (let i = 0; i < count; i += 1) this.#watch(i, sockets[i].fileDescriptor);
    this.#watch(count, eventLoop);
    this.#watch(count + 1, wake?.fileDescriptor ?? UNKNOWN);
    this.#timeout.setPointer(8, Math.round(timeoutMs * 1e6));
    const ready = this.#libc.ppoll(this.#fds.address, count + 2, this.#timeout.address, 0);
    if (ready === 0) return "nothing";
    if (ready > 0) {
      if (this.#isReady(count + 1)) wake?.clear();
      return ready > (this.#isReady(count) ? 1 : 0) ? "ready" : "events";
    }
    const failure = lastError("cannot wait for datagrams");
    if (failure.code === "EINTR") return "events";
    throw failure;
  }

  /** A negative descriptor is ignored. */
  #watch(i: number, descriptor: number): void {
    this.#fds.view.setInt32(i * POLLFD_BYTES, descriptor, true);
    this.#fds.view.setInt16(i * POLLFD_BYTES + 4, POLLIN, true);
  }

  #isReady(i: number): boolean {
    return this.#fds.view.getInt16(i * POLLFD_BYTES + 6, true) !== 0;
  }
}

let poller: Poller | undefined;
/** The descriptor of this thread's event loop, found at the first wait. */
let eventLoop: number | undefined;
let turnedAtMs = Number.NEGATIVE_INFINITY;

async function turnEventLoop(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  turnedAtMs = systemClock.monotonicMs();
}

/**
 * Resolves when one of the sockets has datagrams, when `wake` is written to (batched sockets only), when
 * all are closed, when `isOver` says so after a turn of the event loop, or after `timeoutMs`. The thread
 * is blocked meanwhile, with turns of the event loop in between, so that its timers, messages and signals
 * go on, even when the sockets are never empty. While nothing happens the blocks grow: whatever the event
 * loop waits for ends them, and a timer that keeps the process alive limits them to 5 ms.
 */
export async function waitReadable(
  sockets: readonly UdpSocket[],
  timeoutMs: number,
  isOver: () => boolean = () => false,
  wake?: WakePipe,
): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + timeoutMs;
  const own = sockets.flatMap(innermost);
  if (own.length > POLLED_SOCKETS_MAX) {
    throw new RangeError(`waitReadable takes ${POLLED_SOCKETS_MAX} sockets, not ${own.length}`);
  }
  const batched = own.filter((socket) => socket instanceof BatchSocket);
  const evented = own.filter((socket) => socket instanceof DgramSocket);
  let ready = readinessOf(batched, evented, wake, 0);
  let remainingMs = timeoutMs;
  let quietMs = BLOCKED_MS_MAX;
  while (ready !== "ready" && remainingMs > 0 && isAnyOpen(batched, evented)) {
    await turnEventLoop();
    if (isOver()) return;
    if (quietMs > BLOCKED_MS_MAX) eventLoop ??= (await findEventLoopDescriptor()) ?? UNKNOWN;
    remainingMs = deadlineMs - systemClock.monotonicMs();
    if (evented.length > 0) {
      await waitEvented(evented, Math.min(remainingMs, batched.length > 0 ? 1 : EVENTED_MS_MAX));
      ready = readinessOf(batched, evented, wake, 0);
    } else {
      const isLong = quietMs > BLOCKED_MS_MAX && eventLoop !== UNKNOWN && !hasTimers();
      const blockMs = isLong ? quietMs : BLOCKED_MS_MAX;
      ready = readinessOf(batched, evented, wake, Math.min(remainingMs, blockMs));
      // After an event they are short again: what its callbacks wait for is not registered with the
      // kernel yet.
      quietMs = ready === "nothing" ? Math.min(2 * quietMs, QUIET_MS_MAX) : BLOCKED_MS_MAX;
    }
  }
  if (systemClock.monotonicMs() - turnedAtMs >= BLOCKED_MS_MAX) await turnEventLoop();
}

/** The sockets behind a forwarding socket: those that the kernel knows. */
function innermost(socket: UdpSocket): readonly UdpSocket[] {
  const { underlying = [] } = socket;
  const behind = "receive" in underlying ? [underlying] : underlying;
  return behind.length === 0 ? [socket] : behind.flatMap(innermost);
}

/** Timers and immediates that keep the process alive; the descriptor does not show them. */
function hasTimers(): boolean {
  return process
    .getActiveResourcesInfo()
    .some((resource) => resource === "Timeout" || resource === "Immediate");
}

function readinessOf(
  batched: readonly BatchSocket[],
  evented: readonly DgramSocket[],
  wake: WakePipe | undefined,
  timeoutMs: number,
): Readiness {
  if (evented.some((socket) => socket.pending > 0)) return "ready";
  if (batched.length === 0) return "nothing";
  poller ??= new Poller();
  return poller.poll(batched, wake, eventLoop ?? UNKNOWN, Math.max(timeoutMs, 0));
}

function isAnyOpen(batched: readonly BatchSocket[], evented: readonly DgramSocket[]): boolean {
  return batched.some((socket) => !socket.isClosed) || evented.some((socket) => !socket.isClosed);
}

/** Waits for a datagram, or for `timeoutMs`; a node timer may be late by a millisecond or two. */
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
