import { type ControlStatus, isSingle } from "../server/ha/control-messages.ts";
import { pairComplaints } from "../server/ha/pair-complaints.ts";
import { pairStatusText } from "../server/ha/status-text.ts";
import { askStatus } from "./control-client.ts";
import { exitStatus } from "./options/exit-status.ts";
import { Subcommand } from "./options/subcommand.ts";
import { neededControlSocket, provOption } from "./serve/prov-option.ts";

const watchMs = 1000;
const clearScreen = "\u001b[H\u001b[2J";

interface StatusOptions {
  readonly config: string;
  readonly json?: true;
  readonly watch?: true;
}

/** `prov status`: shows both nodes of the pair, as one of them sees them (OPS-8, OPS-11, OPS-15). */
export async function runStatus(args: readonly string[]): Promise<number> {
  return new Subcommand("prov status")
    .description("show both nodes of a pair: roles, leases in sync, failed actions")
    .addOption(provOption())
    .option("--json", "as JSON (provlab/pair-status@1)")
    .option("--watch", "again every second, until it is interrupted")
    .addHelpText("after", statuses)
    .runs(async ({ config, json, watch }: StatusOptions) => {
      const socket = neededControlSocket(config);
      const print = json ? jsonOf : textOf;
      if (watch) return await watchStatus(socket, print, json ? "" : clearScreen);
      const found = await askStatus(socket);
      process.stdout.write(print(found));
      return isHealthy(found) ? exitStatus.pass : exitStatus.thresholdFailed;
    })
    .examples("prov status -c examples/pair/prov01.yaml --watch", "prov status --json")
    .run(args);
}

const statuses = `
Exit status: 0 when one node serves and the other one could at once; 99 with
failed actions, without a leader, or when the other node is not in sync; 2 when
the server cannot be asked.`;

function isHealthy(status: ControlStatus): boolean {
  return isSingle(status) || pairComplaints(status).length === 0;
}

const jsonOf = (status: ControlStatus): string => `${JSON.stringify(status, undefined, 2)}\n`;

function textOf(status: ControlStatus): string {
  if (isSingle(status)) return `No pair: one server of ${status.services.join(", ")}.\n`;
  const complaints = pairComplaints(status).map((text) => `${text}\n`);
  return `${pairStatusText(status)}\n${complaints.length === 0 ? "Healthy.\n" : complaints.join("")}`;
}

/** Shows the status every second. A node that does not answer may still be starting, so its error is shown. */
async function watchStatus(
  socket: string,
  print: (status: ControlStatus) => string,
  before: string,
): Promise<number> {
  let isInterrupted = false;
  process.once("SIGINT", () => {
    isInterrupted = true;
  });
  while (!isInterrupted) {
    const text = await askStatus(socket).then(print, (error: Error) => `${error.message}\n`);
    process.stdout.write(before + text);
    await new Promise((resolve) => setTimeout(resolve, watchMs));
  }
  return exitStatus.pass;
}
