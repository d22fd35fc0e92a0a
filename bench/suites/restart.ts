import { systemClock } from "../../base/clock.ts";
import { serverProcess } from "../../lab/machine/server-process.ts";
import { principals } from "../contenders/contenders.ts";
import type { DhcpContender } from "../contenders/dhcp-contender.ts";
import { GeneratorProcess } from "../generators/generator-process.ts";
import type { ProbeRequest, ProbeResult } from "../generators/probe.ts";
import { modems } from "../harness/bench-plan.ts";
import type { ContenderRun } from "../harness/contender-run.ts";
import { startWithLeasesMs } from "../harness/expected-time.ts";
import { leasedAddress } from "../harness/lease-files.ts";
import { onGeneratorSide, prepareServer } from "../harness/server-start.ts";
import type { Suite } from "../harness/suite.ts";

const probeProgram = new URL("../generators/probe.js", import.meta.url);
const ANSWER_MS_MAX = 60_000;
const PROBE_GRACE_MS = 10_000;

/** How long a crash interrupts the service. */
export const restart: Suite = {
  id: "restart",
  title: "Restart with a full lease file",
  generator: "one device that renews every 5 ms",
  contenders: principals,
  columns: [
    { id: "seconds", title: "first ACK, s", digits: 3, better: "less", hasRatio: true },
    { id: "memory", title: "server MiB", digits: 0, better: "less", hasRatio: false },
  ],
  method: () => [
    "The server starts with a lease file of so many leases, acknowledges a renewal, is ended by SIGKILL and " +
      "started again: seconds from the second start of the process until the first ACK arrives at a " +
      "device whose lease is in the file, with the few ms that `ip netns exec`, `setpriv` and `taskset` take. Bare " +
      "configuration; the file is in the page cache.",
  ],
  turnMs: ({ restartLeases }) =>
    // Started twice.
    restartLeases.reduce((sum, leases) => sum + 2 * startWithLeasesMs(leases), 0),
  measure,
};

async function measure(run: ContenderRun): Promise<void> {
  for (const leases of run.bench.plan.restartLeases) {
    const subject = `${leases.toLocaleString("en-US")} leases`;
    const seconds = await restartOnce(run, leases, subject);
    if (seconds === undefined) {
      run.explain(subject, `no ACK within ${ANSWER_MS_MAX / 1000} s`);
    } else run.score(subject, "seconds", seconds);
    run.keep(subject, { leases, seconds });
  }
}

/** Seconds from the second start until the first ACK; undefined when none came in time. */
export async function restartOnce(
  run: ContenderRun,
  leases: number,
  subject: string,
  contender: DhcpContender = run.contender,
): Promise<number | undefined> {
  const { bench, round } = run;
  const { network, signal, onProgress } = bench;
  const { command, population } = prepareServer(bench, contender, {
    ...{ name: `restart-${leases}-${round}`, workload: "bare" },
    ...{ population: modems(leases), leases },
  });
  const device = leases - 1;
  const request: ProbeRequest = {
    server: { address: network.serverAddress, port: network.ports.relay },
    clientPort: network.ports.client,
    mac: [...population.macOf(device)],
    address: leasedAddress(population, device),
    timeMsMax: ANSWER_MS_MAX,
  };
  const probe = new GeneratorProcess<ProbeRequest, ProbeResult>(probeProgram, (words) =>
    onGeneratorSide(bench, words),
  );
  const started = serverProcess(command);
  const firstAck = async (): Promise<number | undefined> => {
    // The device asks before the server starts, so that the first ACK does not wait for its REQUEST.
    const answer = probe.run(request, ANSWER_MS_MAX + PROBE_GRACE_MS, signal);
    // Awaited below; when the launch itself fails, its own error is told.
    answer.catch(() => undefined);
    const startMs = systemClock.monotonicMs();
    started.launch();
    const { acknowledgedAtMs } = await answer;
    started.check();
    return acknowledgedAtMs === undefined ? undefined : (acknowledgedAtMs - startMs) / 1000;
  };
  try {
    await firstAck();
    await started.kill();
    const seconds = await firstAck();
    run.score(subject, "memory", started.memoryMiB()?.now);
    onProgress(`${contender.name}: ${subject}: first ACK after ${seconds?.toFixed(3) ?? "-"} s`);
    return seconds;
  } finally {
    await started.stop();
    probe.stop();
  }
}
