import type { ControlOrder, OrderEnd } from "../server/ha/control-messages.ts";
import { giveOrder } from "./control-client.ts";
import { exitStatus } from "./options/exit-status.ts";
import { Subcommand } from "./options/subcommand.ts";
import { neededControlSocket, provOption } from "./serve/prov-option.ts";

/** `prov failback`: takes the steps of HA-16 in order, on the node that serves. */
export function runFailback(args: readonly string[]): Promise<number> {
  return orderCommand("failback")
    .description("give the service back to the other node (HA-14, HA-16)")
    .examples("prov failback -c examples/pair/prov02.yaml")
    .run(args);
}

/** `prov clean-up`: clears the failed actions of the node that failed (OPS-13). */
export function runCleanUpCommand(args: readonly string[]): Promise<number> {
  return orderCommand("clean-up")
    .description("after a repair: forget this node's failed actions, and stand by (OPS-13)")
    .examples("prov clean-up -c examples/pair/prov01.yaml")
    .run(args);
}

const statuses = `
Exit status: 0 done; 99 a step took too long, and it stands there; 2 refused,
with every reason, or the server cannot be asked.`;

function orderCommand(order: ControlOrder): Subcommand {
  const name = `prov ${order}`;
  return new Subcommand(name)
    .addHelpText("after", statuses)
    .addOption(provOption())
    .runs(async ({ config }: { config: string }) => {
      const socket = neededControlSocket(config);
      const end = await giveOrder(socket, order, ({ elapsedMs, requirement, text }) => {
        process.stdout.write(`${seconds(elapsedMs).padStart(9)}  ${requirement}  ${text}\n`);
      });
      return tellEnd(name, end);
    });
}

/** Prints how it ended and returns the exit status. */
function tellEnd(name: string, end: OrderEnd): number {
  switch (end.kind) {
    case "refused":
      process.stderr.write(`${[`${name}: refused:`, ...end.reasons].join("\n  ")}\n`);
      return exitStatus.badUsage;
    case "stuck":
      process.stderr.write(
        `${name}: this step was not done within ${seconds(end.msMax)}:\n  ${end.step}\n` +
          "Nothing is undone; see prov status, then run it again.\n",
      );
      return exitStatus.thresholdFailed;
    case "done": {
      const { gapMs, byHand } = end;
      const gap = gapMs === undefined ? "" : `, service gap ${seconds(gapMs)} as seen by this node`;
      process.stdout.write(`Done${gap}.\n`);
      if (byHand !== undefined) process.stdout.write(`By hand: ${byHand}\n`);
      return exitStatus.pass;
    }
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)} s`;
