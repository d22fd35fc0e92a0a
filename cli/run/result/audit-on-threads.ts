import { runJobs } from "../../../base/worker-pool.ts";
import type { Population } from "../../../scenarios/population/population.ts";
import type { AcknowledgedLeases } from "../../../simulator/run/outcome.ts";
import type { AuditedFiles, auditLeases, LeaseAudit } from "./lease-audit.ts";

/**
 * Looks for the leases in several files at once, on other threads, so that the page and the metrics of the run are
 * still served. Rejects when a server would not start with a file, or a file of Kea cannot be read.
 */
export function auditOnThreads(
  files: readonly AuditedFiles[],
  leases: AcknowledgedLeases,
  { plan: population }: Population,
): Promise<LeaseAudit[]> {
  const orders = files.map((each) => ({ files: each, leases, population }));
  const module = new URL("./lease-audit", import.meta.url);
  return runJobs<typeof auditLeases>(module, "auditLeases", orders);
}

/** The same for one server's file. */
export async function auditFile(
  path: string,
  leases: AcknowledgedLeases,
  population: Population,
): Promise<LeaseAudit> {
  const [audit] = await auditOnThreads([{ path }], leases, population);
  return audit!;
}
