import type { ControlOrder, OrderEnd, OrderLine } from "../server/ha/control-messages.ts";
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
Exit status: 0 done; 99 given up at a step, because nothing moved for a minute;
2 refused, with every reason, or the server cannot be asked.`;

function orderCommand(order: ControlOrder): Subcommand {
  const name = `prov ${order}`;
  return new Subcommand(name)
    .addHelpText("after", statuses)
    .addOption(provOption())
    .runs(async ({ config }: { config: string }) => {
      const socket = neededControlSocket(config);
      const end = await giveOrder(socket, order, stepPrinter());
      return tellEnd(name, end);
    });
}

/** Steps go to stdout; how far one is, when that has changed, to stderr. */
function stepPrinter(): (line: Exclude<OrderLine, OrderEnd>) => void {
  let latest = "";
  return (line) => {
    const time = seconds(line.elapsedMs).padStart(9);
    if (line.kind === "step") {
      process.stdout.write(`${time}  ${line.requirement}  ${line.text}\n`);
    } else if (line.text !== latest) {
      latest = line.text;
      process.stderr.write(`${time}    ${line.text}\n`);
    }
  };
}

/** Prints how it ended and returns the exit status. */
function tellEnd(name: string, end: OrderEnd): number {
  switch (end.kind) {
    case "refused":
      process.stderr.write(`${[`${name}: refused:`, ...end.reasons].join("\n  ")}\n`);
      return exitStatus.badUsage;
    case "stuck":
      process.stderr.write(
        `${name}: given up, because nothing moved for ${seconds(end.msMax)} at this step:\n  ${end.step}\n` +
          (end.why === undefined ? "" : `  ${end.why}\n`) +
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
