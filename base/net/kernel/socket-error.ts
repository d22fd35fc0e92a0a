/** A socket call that failed: what was tried, where, and the system's own name for the reason. */
export class SocketError extends Error {
  override readonly name = "SocketError";
  /** `EADDRINUSE`, `EPERM`, …; `ENOTSUP` for what this machine or backend cannot do. */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

const hints: Readonly<Record<string, string>> = {
  EACCES: "permission denied: ports below 1024 and raw sockets need root",
  EADDRINUSE: "the address and port are taken by another program",
  EADDRNOTAVAIL: "no interface of this machine has that address",
  EMFILE: "too many open files: raise the limit (ulimit -n)",
  ENODEV: "no such interface",
  ENXIO: "no such interface",
  EPERM: "not permitted: this needs root or the capability CAP_NET_RAW",
};

/** `what` says what was being tried, and where; `code` is the system's name for the reason. */
export function errorNamed(what: string, code: string): SocketError {
  const hint = hints[code];
  return new SocketError(`${what}: ${code}${hint === undefined ? "" : ` (${hint})`}`, code);
}
