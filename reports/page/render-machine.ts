import { errorsOf } from "../result/errors.ts";
import type { RunResult } from "../result/run-result.ts";
import { formatCount, formatMs } from "../text/format.ts";
import { escapeHtml, factTable, table } from "./html.ts";

/** What went wrong, by reason, with a bar beside each count. */
export function errorTable(result: RunResult): string {
  const errors = errorsOf(result);
  const most = errors[0]?.count ?? 0;
  if (most === 0) return `<p class="note">None: nothing timed out, was refused or sent again.</p>`;
  const rows = errors.map(({ reason, where, count }) => [
    escapeHtml(reason),
    `<span class="left">${escapeHtml(where)}</span>`,
    formatCount(count),
    `<span class="bar" style="width:${((100 * count) / most).toFixed(1)}%"></span>`,
  ]);
  const html = table(["reason", "where", "count", ""], rows);
  return `<div class="errors">${html}</div>`;
}

/** What the bundled server took of the machine; "" for somebody else's. */
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

/** Whether the figures are the server's, or the generator's own limits. */
export function generatorTable({ generator, environment }: RunResult): string {
  const { simulatedLoss, starvedPercentMax, problems } = generator;
  const facts: (readonly [string, string])[] = [
    [
      "verdict",
      problems.length === 0 ? "✓ no: it kept its schedule" : `✗ yes: ${problems.join("; ")}`,
    ],
    ["schedule slip", `${formatMs(generator.slipMsP99)} ms, p99 of the slowest stream`],
    ["CPU", `${Math.round(generator.cpuPercentMax)} % of a core, the busiest worker`],
    ...(starvedPercentMax === undefined
      ? []
      : ([
          ["starved", `${starvedPercentMax} % of the time other programs had its core, at worst`],
        ] as const)),
    [
      "losses",
      `${formatCount(generator.socketDrops)} replies dropped by its sockets, ${formatCount(generator.sendErrors)} sends refused`,
    ],
    ...(simulatedLoss === undefined
      ? []
      : ([
          [
            "simulated loss",
            `${simulatedLoss.percent} % of the datagrams in each direction, ${formatCount(simulatedLoss.dropped)} of them dropped on purpose`,
          ],
        ] as const)),
    [
      "workers",
      `${environment.workers} over ${environment.socket} sockets, ${formatCount(generator.memoryMiB)} MiB`,
    ],
  ];
  return factTable(facts);
}

/** What the figures depend on besides the program. */
export function environmentTable({ environment, scenario, seed, startedAt }: RunResult): string {
  return factTable([
    [
      "machine",
      `${environment.cpu}, ${environment.cores} cores, ${formatCount(environment.memoryMiB)} MiB, Linux ${environment.kernel}`,
    ],
    [
      "software",
      `Provlab ${environment.provlab} (${environment.commit}), Node ${environment.node}`,
    ],
    ["durability", `${environment.durability}: what an ACK of the server promises`],
    ["scenario", `${scenario.name}, seed ${seed}, sha256 ${scenario.sha256}`],
    ["began", startedAt],
  ]);
}
