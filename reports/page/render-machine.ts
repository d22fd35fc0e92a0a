import { errorsOf } from "../result/errors.ts";
import type { RunResult } from "../result/run-result.ts";
import { formatCount, formatMs } from "../text/format.ts";
import { generatorNotes } from "../text/generator-notes.ts";
import { escapeHtml, factTable, note, table } from "./html.ts";

/** What went wrong, by reason, with a bar beside each count. */
export function errorTable(result: RunResult): string {
  const errors = errorsOf(result);
  const most = errors[0]?.count ?? 0;
  if (most === 0) return note("None: nothing timed out, was refused or sent again.");
  const rows = errors.map(({ reason, where, count }) => [
    escapeHtml(reason),
    `<span class="left">${escapeHtml(where)}</span>`,
    formatCount(count),
    `<span class="bar" style="width:${((100 * count) / most).toFixed(1)}%"></span>`,
  ]);
  return `<div class="errors">${table(["reason", "where", "count", ""], rows)}</div>`;
}

/** The bundled server's use of the machine; "" for somebody else's. */
export function serverTable({ server, timeSeries }: RunResult): string {
  if (server === undefined) return "";
  const shares = timeSeries.flatMap(({ serverCpuPercent }) => serverCpuPercent ?? []);
  const busiest =
    shares.length === 0
      ? ""
      : `, ${formatCount(Math.max(...shares))} % of a core in its busiest second`;
  return factTable([
    ["CPU", `${server.cpuSeconds.toFixed(1)} s${busiest}`],
    ["memory", `${formatCount(server.residentMiBMax)} MiB resident at most`],
  ]);
}

/** Whether the generator limited the run. */
export function generatorTable(result: RunResult): string {
  const { generator, environment, verdict } = result;
  const { simulatedLoss: loss, starvedPercentMax: starved, problems } = generator;
  const answer =
    problems.length === 0
      ? "✓ no: it kept its schedule"
      : verdict === "invalid"
        ? `✗ perhaps: ${problems.join("; ")}`
        : `✓ it changed no answer: ${generatorNotes(result).join(" ")}`;
  const { workers, socket } = environment;
  return factTable([
    ["verdict", answer],
    ["schedule slip", `${formatMs(generator.slipMsP99)} ms, p99 of the slowest stream`],
    ["CPU", `${Math.round(generator.cpuPercentMax)} % of a core, the busiest worker`],
    [
      "starved",
      starved === undefined
        ? undefined
        : `${starved} % of the time other programs had its core, at worst`,
    ],
    [
      "losses",
      `${formatCount(generator.socketDrops)} replies dropped by its sockets, ${formatCount(generator.sendErrors)} sends refused`,
    ],
    [
      "simulated loss",
      loss &&
        `${loss.percent} % of the datagrams in each direction, ${formatCount(loss.dropped)} of them dropped on purpose`,
    ],
    ["workers", `${workers} over ${socket} sockets, ${formatCount(generator.memoryMiB)} MiB`],
  ]);
}

/** The machine, software and scenario on which the figures depend. */
export function environmentTable({ environment, scenario, seed, startedAt }: RunResult): string {
  const { cpu, cores, memoryMiB, kernel, provlab, commit, node, durability } = environment;
  return factTable([
    ["machine", `${cpu}, ${cores} cores, ${formatCount(memoryMiB)} MiB, Linux ${kernel}`],
    ["software", `Provlab ${provlab} (${commit}), Node ${node}`],
    ["durability", `${durability}: what an ACK of the server promises`],
    ["scenario", `${scenario.name}, seed ${seed}, sha256 ${scenario.sha256}`],
    ["began", startedAt],
  ]);
}
