import { closeSync, openSync } from "node:fs";
import { libc } from "./libc.ts";
import { CLONE_NEWNET } from "./linux.ts";
import { SocketError } from "./socket-error.ts";

/**
 * Moves the calling thread, and everything that it starts from now on, into the network namespace of a
 * file such as `/run/netns/NAME`; open sockets stay where they were opened. Needs root. Throws
 * SocketError.
 */
export function enterNetworkNamespace(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    if (libc().setns(descriptor, CLONE_NEWNET) === 0) return;
    const code = libc().errno();
    throw new SocketError(`the network namespace ${path} cannot be entered: ${code}`, code);
  } finally {
    closeSync(descriptor);
  }
}
