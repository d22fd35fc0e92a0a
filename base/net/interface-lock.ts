import {
  bindToDevice,
  closeDescriptor,
  lastError,
  openDescriptor,
  trySetOption,
} from "./kernel/file-descriptor.ts";
import { libc, libcMissingReason } from "./kernel/libc.ts";
import { AF_INET6, IPV6_V6ONLY, SOCK_DGRAM, SOCKADDR_IN6_BYTES, SOL_IPV6 } from "./kernel/linux.ts";
import { NativeMemory } from "./kernel/native-memory.ts";
import { SocketError } from "./kernel/socket-error.ts";
import { dropEverything } from "./packet-filter.ts";

export type InterfaceLock =
  | { readonly kind: "taken"; readonly release: () => void }
  /** Another socket has it. */
  | { readonly kind: "held" }
  /** No such socket can be opened, for instance without IPv6. */
  | { readonly kind: "unavailable"; readonly reason: string };

/**
 * Takes a UDP port of one interface for this process, in its network namespace. Our sockets share their port, so the
 * kernel would let a second server open it. The lock is the same port over IPv6, on which DHCPv4 never speaks, unshared:
 * it takes the right to open the port itself, `ss -ulp` tells who has it, and it ends with the process, however that
 * ends.
 *
 * Without the C library nothing is locked, for then our sockets share no port either.
 */
export function lockInterface(device: string, port: number): InterfaceLock {
  if (libcMissingReason() !== undefined) return { kind: "taken", release: () => undefined };
  const what = `cannot take UDP port ${port} of interface ${device}`;
  try {
    const kind = { domain: AF_INET6, type: SOCK_DGRAM, protocol: 0 };
    const fd = openDescriptor(what, kind, (opened) => {
      if (!trySetOption(opened, SOL_IPV6, IPV6_V6ONLY, 1)) throw lastError(what);
      bindToDevice(opened, device);
      dropEverything(opened, what);
      bindEverywhere(opened, port, what);
    });
    return { kind: "taken", release: () => closeDescriptor(fd) };
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    if (error.code === "EADDRINUSE") return { kind: "held" };
    return { kind: "unavailable", reason: error.message };
  }
}

function bindEverywhere(fd: number, port: number, what: string): void {
  const name = new NativeMemory(SOCKADDR_IN6_BYTES);
  name.view.setUint16(0, AF_INET6, true);
  name.view.setUint16(2, port);
  if (libc().bind(fd, name.address, SOCKADDR_IN6_BYTES) !== 0) throw lastError(what);
}
