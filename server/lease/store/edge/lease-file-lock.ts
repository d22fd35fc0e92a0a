import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { takeProcessLock } from "../../../process/process-lock.ts";

/**
 * Locks the lease file for this process: two servers that both append to it would lease the same
 * addresses. Returns the function that releases it, or undefined when another process has it. See
 * takeProcessLock.
 */
export async function lockLeaseFile(path: string): Promise<(() => void) | undefined> {
  const digest = createHash("sha256").update(realpathSync(path)).digest("hex");
  return takeProcessLock(`leases-${digest}`);
}
