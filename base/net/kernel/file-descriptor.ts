import { listDescriptor, unlistDescriptor } from "./descriptor-list.ts";
import { libc } from "./libc.ts";
import { IFNAMSIZ, SO_BINDTODEVICE, SOCK_CLOEXEC, SOCK_NONBLOCK, SOL_SOCKET } from "./linux.ts";
import { NativeMemory } from "./native-memory.ts";
import { errorNamed, SocketError } from "./socket-error.ts";

export const CLOSED = -1;

/** A SocketError for the call that has just failed; `what` says what was tried, and where. */
export function lastError(what: string): SocketError {
  return errorNamed(what, libc().errno());
}

/** A new non-blocking descriptor. If `configure` throws, it is closed again. */
export function openDescriptor(
  what: string,
  kind: { readonly domain: number; readonly type: number; readonly protocol: number },
  configure: (fd: number) => void,
): number {
  const { socket, close } = libc();
  const fd = socket(kind.domain, kind.type | SOCK_NONBLOCK | SOCK_CLOEXEC, kind.protocol);
  if (fd === -1) throw lastError(what);
  try {
    configure(fd);
  } catch (error) {
    close(fd);
    throw error;
  }
  listDescriptor(fd);
  return fd;
}

/** Closes what `openDescriptor` opened. */
export function closeDescriptor(fd: number): void {
  // First, for another thread may get the number at once.
  unlistDescriptor(fd);
  libc().close(fd);
}

/** Sets an option of one integer; false when the kernel refuses. */
export function trySetOption(fd: number, level: number, option: number, value: number): boolean {
  const memory = new NativeMemory(4);
  memory.words[0] = value;
  return libc().setsockopt(fd, level, option, memory.address, 4) === 0;
}

/** Sets an option of SOL_SOCKET, or throws the kernel's error. */
export function setSocketOption(fd: number, option: number, value: number, what: string): void {
  if (!trySetOption(fd, SOL_SOCKET, option, value)) throw lastError(what);
}

/** Binds a socket to one interface, or throws the kernel's error. */
export function bindToDevice(fd: number, device: string): void {
  const name = new TextEncoder().encode(device);
  const what = `cannot bind a socket to interface ${device}`;
  if (name.length === 0 || name.length >= IFNAMSIZ)
    throw new SocketError(`${what}: no such name`, "ENODEV");
  const memory = new NativeMemory(IFNAMSIZ);
  memory.bytes.set(name);
  const { setsockopt } = libc();
  if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, memory.address, name.length + 1) === 0) return;
  throw lastError(what);
}
