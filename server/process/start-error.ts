/**
 * The server cannot start because of something that the operator has to fix. The message goes to the
 * console.
 */
export class StartError extends Error {
  override readonly name = "StartError";
}

const systemReasons: Readonly<Record<string, string>> = {
  ENOENT: "No such file or directory",
  EACCES: "Permission denied",
  EPERM: "Operation not permitted",
  EISDIR: "Is a directory",
  ENOTDIR: "Not a directory",
  EADDRINUSE: "Address already in use",
  EADDRNOTAVAIL: "Cannot assign requested address",
};

/** The words of strerror(3), which operators know from dhcpd's messages. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  return systemReasons[code] ?? error.message;
}

/** A StartError about something that the system refused, with the system's reason. */
export function refusedBySystem(what: string, error: unknown): StartError {
  return new StartError(`${what}: ${systemReason(error)}`, { cause: error });
}
