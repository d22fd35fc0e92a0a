import { type ServerCommand, startServerProcess } from "../../../lab/machine/server-process.ts";
import type { FuzzRequest } from "./fuzz-request.ts";
import { type Attack, describeServer, fuzzServer, isCleanServer } from "./server-campaign.ts";
import { playCampaign, type SlicedCampaign } from "./sliced-run.ts";

/** A protocol of which the decoder and a running server are fuzzed. */
export interface FuzzedProtocol {
  readonly decoder: SlicedCampaign;
  readonly server: ServerCommand;
  readonly openAttack: () => Promise<Attack>;
  /** What is to be seen when the attack is over: a line to print, and whether all is well. */
  readonly lookAfterwards?: () => Promise<{ readonly line: string; readonly isClean: boolean }>;
}

/** Runs both campaigns, as far as they are asked for; true when nothing was found and nothing was cut short. */
export async function fuzzProtocol(
  request: FuzzRequest,
  { decoder, server, openAttack, lookAfterwards }: FuzzedProtocol,
): Promise<boolean> {
  const { seed, signal, onProgress, onResult } = request;
  const isClean = request.decoder === 0 || (await playCampaign(decoder, request.decoder, request));
  if (request.server === 0 || signal.aborted) return isClean;
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
    return isClean && isCleanServer(report, request.server) && after?.isClean !== false;
  } finally {
    await process.stop();
  }
}
