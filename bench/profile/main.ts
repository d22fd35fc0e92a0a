import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { packageRoot } from "../../cli/package-root.ts";
import { callTree } from "./cpu-profile.ts";
import { flameGraph } from "./flame-graph.ts";
import { type ProfileOutcome, type ProfileRequest, runProfile } from "./profile-run.ts";
import { stageRows, stageTable } from "./stage-table.ts";
import { serverStages, simulatorStages, timeByStage } from "./stages.ts";

const usage = `npm run profile:server | profile:simulator -- [options]

Plays one rate at a fresh server with the bench's 80,000 devices and shows where the time of a packet
goes: a table of stages, and a flame graph for the browser.
  --exchange discover|renew   what is played; default discover
  --rate N                    transactions a second; default 10000
  --seconds N                 how long, after a warm-up; default 10
  --program FILE              the server's dist/cli/main.js: another checkout's, to compare
  --seed N                    default 1
  --out FOLDER                default runs/profile-server or runs/profile-simulator
`;

const exitStatus = { pass: 0, internalError: 1, usage: 2, invalid: 98 } as const;

class UsageError extends Error {}

async function main(): Promise<number> {
  let request: ProfileRequest;
  const abort = new AbortController();
  const interrupt = (): void => abort.abort(new Error("interrupted"));
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    request = requestOf(process.argv.slice(2), abort.signal);
  } catch (error) {
    process.stderr.write(`profile: ${(error as Error).message}\n${usage}`);
    return exitStatus.usage;
  }
  mkdirSync(request.folder, { recursive: true });
  rmSync(join(request.folder, "profiles"), { recursive: true, force: true });
  const outcome = await runProfile(request);
  return report(request, outcome);
}

function report(request: ProfileRequest, outcome: ProfileOutcome): number {
  const { subject, exchange, rate, seconds, folder } = request;
  const { phase, packets } = outcome;
  const rules = subject === "server" ? serverStages : simulatorStages;
  const tree = callTree(outcome.profile, outcome.window);
  const rows = stageRows(timeByStage(tree, rules), packets, rules);
  const title = `Profile of the ${subject}: ${exchange} at ${rate.toLocaleString("en-US")}/s`;
  const about =
    `${phase.completed.toLocaleString("en-US")} of ${phase.offered.toLocaleString("en-US")} ` +
    `transactions in ${seconds} s, ${packets.toLocaleString("en-US")} packets received; ` +
    `durability fsync; ${outcome.network}; Node ${process.version}.`;
  const table = `${title}\n\n${about}\n\n${stageTable(rows)}`;
  const page = join(folder, "flame.html");
  writeFileSync(join(folder, "stages.md"), table);
  writeFileSync(
    join(folder, "stages.json"),
    `${JSON.stringify({ title, about, packets, phase, stages: rows }, undefined, 2)}\n`,
  );
  writeFileSync(page, flameGraph({ title, about, tree, rules }));
  process.stdout.write(`${table}\nWritten: ${page}\n`);
  for (const problem of phase.problems) process.stderr.write(`The generator: ${problem}\n`);
  return phase.problems.length > 0 ? exitStatus.invalid : exitStatus.pass;
}

function requestOf(args: readonly string[], signal: AbortSignal): ProfileRequest {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      exchange: { type: "string", default: "discover" },
      rate: { type: "string", default: "10000" },
      seconds: { type: "string", default: "10" },
      program: { type: "string", default: join(packageRoot, "dist", "cli", "main.js") },
      seed: { type: "string", default: "1" },
      out: { type: "string" },
    },
  });
  const [subject, ...rest] = positionals;
  if ((subject !== "server" && subject !== "simulator") || rest.length > 0) {
    throw new UsageError("say which program: server or simulator");
  }
  const { exchange } = values;
  if (exchange !== "discover" && exchange !== "renew") {
    throw new UsageError(`--exchange ${exchange}: give discover or renew`);
  }
  return {
    subject,
    exchange,
    rate: wholeNumber("--rate", values.rate, 200_000),
    seconds: wholeNumber("--seconds", values.seconds, 300),
    seed: wholeNumber("--seed", values.seed, 0xffff_0000),
    program: resolve(values.program),
    folder: resolve(values.out ?? join("runs", `profile-${subject}`)),
    signal,
  };
}

function wholeNumber(flag: string, text: string, max: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= max) return number;
  throw new UsageError(`${flag} ${text}: give a whole number from 1 to ${max}`);
}

process.exitCode = await main();
