import { type ServerCommand, startServerProcess } from "../../../lab/machine/server-process.ts";
import type { FuzzRequest } from "./fuzz-request.ts";
import { type Attack, describeServer, fuzzServer, isCleanServer } from "./server-campaign.ts";

/** A protocol whose running server gets bad packets. */
export interface FuzzedProtocol {
  readonly server: ServerCommand;
  readonly openAttack: () => Promise<Attack>;
  /** What is to be seen when the attack is over: a line to print, and whether all is well. */
  readonly lookAfterwards?: () => Promise<{ readonly line: string; readonly isClean: boolean }>;
}

/** Attacks a server that it starts; true when nothing was found and nothing was cut short. */
export async function fuzzProtocol(
  request: FuzzRequest,
  { server, openAttack, lookAfterwards }: FuzzedProtocol,
): Promise<boolean> {
  const { seed, signal, onProgress, onResult } = request;
  if (request.server === 0) return true;
  const process = await startServerProcess(server, signal);
  try {
    const attack = await openAttack();
    const report = await fuzzServer(attack, {
      ...{ seed, packets: request.server, signal, onProgress },
      serverMemoryMiB: () => {
        process.check();
        return process.memoryMiB()?.now;
      },
    });
    onResult(describeServer(attack, report));
    process.check();
    if (report.failure !== undefined) return false;
    const after = await lookAfterwards?.();
    if (after !== undefined) onResult(after.line);
    return isCleanServer(report, request.server) && after?.isClean !== false;
  } finally {
    await process.stop();
  }
}
