import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createRequire } from "node:module";

const CLONE_NEWNET = 0x4000_0000;

/** Runs one line of iproute2's `ip` in the calling thread's namespace. */
export function ipCommand(line: string): void {
  execFileSync("ip", line.split(" "), { stdio: ["ignore", "ignore", "inherit"] });
}

/**
 * Moves this thread, and the processes that it starts from now on, into a new and empty network
 * namespace. What is open stays where it was opened. Call the result to go back.
 */
export function enterNewNamespace(): () => void {
  const koffi: typeof import("koffi") = createRequire(import.meta.url)("koffi");
  const library = koffi.load(null);
  const unshare = library.func("unshare", "int", ["int"]);
  const setns = library.func("setns", "int", ["int", "int"]);
  const home = openSync("/proc/thread-self/ns/net", "r");
  const failed = (what: string): Error => new Error(`${what} failed: errno ${koffi.errno()}`);
  if (unshare(CLONE_NEWNET) !== 0) throw failed("unshare(CLONE_NEWNET)");
  return () => {
    if (setns(home, CLONE_NEWNET) !== 0) throw failed("setns");
    closeSync(home);
  };
}
