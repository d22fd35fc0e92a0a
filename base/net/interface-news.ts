import { CLOSED, closeDescriptor, lastError, openDescriptor } from "./kernel/file-descriptor.ts";
import { libc } from "./kernel/libc.ts";
import {
  AF_NETLINK,
  NETLINK_ROUTE,
  RTMGRP_IPV4_IFADDR,
  RTMGRP_LINK,
  SOCK_RAW,
  SOCKADDR_NL_BYTES,
} from "./kernel/linux.ts";
import { NativeMemory } from "./kernel/native-memory.ts";

/** Messages are longer; what they say is not read, so they may be cut. */
const MESSAGE_BYTES = 64;
/** Read by one call; the rest waits for the next. */
const MESSAGES_MAX = 1000;

/**
 * Tells that interfaces or IPv4 addresses of this thread's network namespace have changed (rtnetlink(7)), but not how:
 * whoever wants to know looks at them anew.
 */
export class InterfaceNews {
  readonly #libc = libc();
  readonly #message = new NativeMemory(MESSAGE_BYTES);
  #fd: number;

  /** Throws SocketError: `ENOTSUP` where the C library cannot be called. */
  constructor() {
    const what = "cannot ask for news of interfaces";
    const kind = { domain: AF_NETLINK, type: SOCK_RAW, protocol: NETLINK_ROUTE };
    const groups = new NativeMemory(SOCKADDR_NL_BYTES);
    groups.view.setUint16(0, AF_NETLINK, true);
    groups.view.setUint32(8, RTMGRP_LINK | RTMGRP_IPV4_IFADDR, true);
    this.#fd = openDescriptor(what, kind, (fd) => {
      if (libc().bind(fd, groups.address, SOCKADDR_NL_BYTES) !== 0) throw lastError(what);
    });
  }

  /** Whether anything has changed since the last call. Never waits. */
  take(): boolean {
    let hasCome = false;
    if (this.#fd === CLOSED) return hasCome;
    for (let messages = 0; messages < MESSAGES_MAX; messages += 1) {
      const length = this.#libc.recv(this.#fd, this.#message.address, MESSAGE_BYTES, 0);
      // ENOBUFS: there was more news than the socket has room for.
      if (length <= 0 && this.#libc.errno() !== "ENOBUFS") return hasCome;
      hasCome = true;
    }
    return hasCome;
  }

  close(): void {
    if (this.#fd !== CLOSED) closeDescriptor(this.#fd);
    this.#fd = CLOSED;
  }
}
