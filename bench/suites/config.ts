import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageVersion, provCommand } from "../../lab/machine/package-root.ts";
import { searchPath } from "../../lab/machine/peer-program.ts";
import { memoryMiBOf } from "../../lab/machine/process-usage.ts";
import { runToEnd } from "../../lab/machine/run-to-end.ts";
import { writePieces } from "../config/text-pieces.ts";
import type { Contender } from "../contenders/contender.ts";
import { iscDhcpd } from "../contenders/isc-dhcpd.ts";
import type { ContenderRun } from "../harness/contender-run.ts";
import type { Suite } from "../harness/suite.ts";

interface Checker extends Contender {
  readonly command: readonly string[];
}

const flags = ["-4", "-q", "-t"] as const;
const checker = { settings: "`-4 -q -t`", needsInterface: false } as const;
const checkers: readonly Checker[] = [
  {
    ...{ ...checker, id: "prov", name: "prov dhcpd -t", version: packageVersion },
    command: provCommand("dhcpd", ...flags),
  },
  {
    ...{ ...checker, id: "dhcpd", name: "dhcpd -t", version: iscDhcpd.version },
    command: ["dhcpd", ...flags],
  },
];

const MEMORY_LOOK_MS = 10;
/** How fast a file is written, and read by the slower program: for the forecast alone. */
const BYTES_A_MS = 5000;

/** How long it takes to read a large configuration. */
export const config: Suite<Checker> = {
  id: "config",
  title: "Reading a configuration",
  contenders: checkers,
  columns: [
    { id: "seconds", title: "seconds", digits: 2, better: "less", hasRatio: true },
    { id: "megabytes", title: "MB", digits: 1, better: "less", hasRatio: false },
    {
      ...{ id: "memory", title: "peak MiB", digits: 0, better: "less", hasRatio: false },
      summary: "most",
    },
  ],
  method: ({ config: { secondsMax } }) => [
    "Seconds from the start of the process to its end: median (lowest–highest) of the rounds; ended after " +
      `${secondsMax} s. Peak: resident memory, the most of the rounds.`,
  ],
  turnMs: ({ config: { cases } }) =>
    cases.reduce((total, { bytes }) => total + (2 * bytes) / BYTES_A_MS, 0),
  measure,
};

async function measure(run: ContenderRun<Checker>): Promise<void> {
  const { bench, contender, round } = run;
  const { cases, secondsMax } = bench.plan.config;
  const folder = mkdtempSync(join(tmpdir(), "provlab-bench-config-"));
  const [file, leases] = [join(folder, "dhcpd.conf"), join(folder, "dhcpd.leases")];
  try {
    for (const one of cases) {
      // A program that took too long in an earlier round would again.
      if (run.isExplained(one.name)) continue;
      const bytes = writePieces(file, one.pieces());
      writeFileSync(leases, "");
      let peakMiB: number | undefined;
      const look = (pid: number): void => {
        peakMiB = memoryMiBOf(pid)?.peak ?? peakMiB;
      };
      const end = await runToEnd([...contender.command, "-cf", file, "-lf", leases], {
        ...{ signal: bench.signal, msMax: 1000 * secondsMax, environment: { PATH: searchPath } },
        watch: { everyMs: MEMORY_LOOK_MS, look },
      });
      const { status, isOver, elapsedMs } = end;
      const seconds = elapsedMs / 1000;
      run.keep(one.name, { seconds, peakMiB, status, isOver });
      run.score(one.name, "megabytes", bytes / 1e6);
      run.score(one.name, "memory", peakMiB);
      const trouble = isOver
        ? `not done in ${secondsMax} s`
        : (status === 0) === one.isValid
          ? undefined
          : `ended with status ${status ?? "none, by a signal"}`;
      if (trouble !== undefined) run.explain(one.name, trouble);
      if (!isOver) run.score(one.name, "seconds", seconds);
      const words = trouble ?? `${seconds.toFixed(2)} s, status ${status}`;
      const memory = peakMiB === undefined ? "" : `, ${peakMiB.toFixed(0)} MiB`;
      bench.onProgress(`round ${round}: ${one.name}: ${contender.name}: ${words}${memory}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
