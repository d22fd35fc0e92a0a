import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { provProgram } from "../../lab/machine/package-root.ts";
import { workloads } from "../contenders/dhcp-contender.ts";
import {
  type CliOption,
  exitStatus,
  oneOf,
  runProgram,
  wholeNumber,
} from "../harness/cli-options.ts";
import { writeResultFiles } from "../results/result-files.ts";
import { callTree } from "./cpu-profile.ts";
import { flameGraph } from "./flame-graph.ts";
import {
  exchanges,
  type ProfileOutcome,
  type ProfileRequest,
  runProfile,
  subjects,
} from "./profile-run.ts";
import { stageRows, stageTable } from "./stage-table.ts";
import { serverStages, simulatorStages, timeByStage } from "./stages.ts";

const usage = `npm run profile:server | profile:simulator -- [options]

Plays one rate at a fresh server with the bench's 80,000 devices and shows where the time of a packet
goes: a table of stages, and a flame graph for the browser.
  --exchange discover|renew   what is played; default discover
  --workload bare|docsis      what the server is told of the devices; default docsis
  --rate N                    transactions a second; default 10000
  --seconds N                 how long, after a warm-up; default 10
  --program FILE              the server's dist/cli/main.js: another checkout's, to compare
  --seed N                    default 1
  --out FOLDER                default runs/profile
`;

/** The generator was the limit, as the `prov` command says it. */
const invalidStatus = 98;

const file: CliOption<string> = {
  isFlag: false,
  read: (text) => resolve(text ?? provProgram),
};

const program = {
  name: "profile",
  usage,
  folder: "profile",
  options: {
    subject: oneOf("program", subjects),
    exchange: oneOf("exchange", exchanges),
    workload: oneOf("workload", workloads),
    rate: wholeNumber({ min: 1, max: 200_000 }, 10_000),
    seconds: wholeNumber({ min: 1, max: 300 }, 10),
    program: file,
    seed: wholeNumber({ min: 1, max: 0xffff_0000 }, 1),
  },
};

process.exitCode = await runProgram(program, async (options, folder, signal) => {
  const { subject = "server", exchange = "discover", workload = "docsis" } = options;
  const request = { ...options, subject, exchange, workload, folder, signal };
  rmSync(join(folder, "profiles"), { recursive: true, force: true });
  return report(request, await runProfile(request));
});

function report(request: ProfileRequest, outcome: ProfileOutcome): number {
  const { subject, exchange, workload, rate, seconds, folder } = request;
  const { phase, packets } = outcome;
  const rules = subject === "server" ? serverStages : simulatorStages;
  const tree = callTree(outcome.profile, outcome.window);
  const rows = stageRows(timeByStage(tree, rules), packets, rules);
  const title = `Profile of the ${subject}: ${exchange} at ${rate.toLocaleString("en-US")}/s`;
  const about =
    `${phase.completed.toLocaleString("en-US")} of ${phase.offered.toLocaleString("en-US")} ` +
    `transactions in ${seconds} s, ${packets.toLocaleString("en-US")} packets received; ` +
    `workload ${workload}, durability fsync; ${outcome.network}; Node ${process.version}.`;
  const table = `${title}\n\n${about}\n\n${stageTable(rows)}`;
  const page = join(folder, "flame.html");
  const result = { title, about, packets, phase, stages: rows };
  writeResultFiles(folder, { name: "stages", result, table });
  writeFileSync(page, flameGraph({ title, about, tree, rules }));
  process.stdout.write(`${table}\nWritten: ${page}\n`);
  for (const problem of phase.problems) process.stderr.write(`The generator: ${problem}\n`);
  return phase.problems.length > 0 ? invalidStatus : exitStatus.pass;
}
