import { realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { diskStallEnvironment } from "../../lab/disk-stalls.ts";
import { runToEnd } from "../../lab/machine/run-to-end.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { stalling } from "../contenders/contenders.ts";
import type { DhcpContender } from "../contenders/dhcp-contender.ts";
import { perfdhcpCommand, replyTimesIn, runPerfdhcp } from "../generators/perfdhcp.ts";
import { modems } from "../harness/bench-plan.ts";
import type { ContenderRun } from "../harness/contender-run.ts";
import { START_MS } from "../harness/expected-time.ts";
import { type Bench, onGeneratorSide, startServer } from "../harness/server-start.ts";
import type { Suite } from "../harness/suite.ts";
import { addRelay } from "./perfdhcp.ts";

const RATE = 5000;
const CLIENTS = 60_000;
const WARM_UP_SECONDS = 3;
const stalls = { stallMs: 400, everyMs: 5000 } as const;

const disks = [
  { subject: "the disk as it is", isStalled: false },
  {
    subject: `it stands still ${stalls.stallMs} ms every ${stalls.everyMs / 1000} s`,
    isStalled: true,
  },
];

/** What a relay with a default receive buffer loses when the disk stands still. */
export const stall: Suite = {
  id: "stall",
  title: `perfdhcp at ${RATE} DORA/s while the disk stands still`,
  generator: "perfdhcp",
  // Nothing of ours makes ISC dhcpd's syncs wait.
  contenders: stalling,
  columns: [
    { id: "sent", title: "exchanges", digits: 0, better: "more", hasRatio: false },
    { id: "lost", title: "lost", digits: 0, better: "less", hasRatio: false },
    { id: "late", title: "of a reply after 1 s", digits: 0, better: "less", hasRatio: false },
    { id: "overflowed", title: "in perfdhcp's buffer", digits: 0, better: "less", hasRatio: false },
    { id: "unread", title: "in the server's", digits: 0, better: "less", hasRatio: false },
    { id: "p999", title: "p99.9 of a reply ms", digits: 1, better: "less", hasRatio: false },
    { id: "most", title: "longest REQUEST ms", digits: 0, better: "less", hasRatio: false },
  ],
  method: ({ stallSeconds }) => [
    `${stallSeconds} s of perfdhcp after ${WARM_UP_SECONDS} s that do not count, ` +
      `${CLIENTS.toLocaleString("en-US")} clients behind one relay with a default receive buffer, bare ` +
      "configuration with one subnet. The syncs of our server wait while the disk of its lease file stands " +
      "still, by lab/disk-stalls.mjs; of two lease files, the first one's. Kea does not sync, so its two rows differ " +
      "by chance alone. Datagrams that full receive buffers lost are the kernel's counts.",
  ],
  turnMs: ({ stallSeconds }) =>
    disks.length * (START_MS + 1000 * (WARM_UP_SECONDS + stallSeconds) + 2 * START_MS),
  measure,
};

async function measure(run: ContenderRun): Promise<void> {
  const { bench, contender, round } = run;
  for (const [number, { subject, isStalled }] of disks.entries()) {
    const served = {
      name: `stall-${round}-${number}`,
      workload: "bare",
      population: { ...modems(CLIENTS), cmtsCount: 1 },
    } as const;
    const relay = addRelay(bench, served);
    const server = await startServer(
      bench,
      isStalled ? onStallingDisk(contender) : contender,
      served,
    );
    try {
      await load(bench, relay, WARM_UP_SECONDS);
      const before = await overflows(bench);
      const { output, ...counts } = await load(bench, relay, bench.plan.stallSeconds);
      const after = await overflows(bench);
      server.check();
      run.keep(subject, counts);
      run.score(subject, "sent", counts.discovers);
      run.score(subject, "lost", counts.discovers - counts.acks);
      run.score(subject, "late", counts.late);
      run.score(subject, "overflowed", after.generator - before.generator);
      run.score(subject, "unread", after.server - before.server);
      run.score(subject, "p999", replyMsP999(output));
      run.score(subject, "most", counts.ackMsMax);
    } finally {
      await server.stop();
    }
  }
}

function onStallingDisk(contender: DhcpContender): DhcpContender {
  return {
    ...contender,
    prepare: (setting) => {
      const launch = contender.prepare(setting);
      // Some servers make their lease file when they start.
      const folder = realpathSync(dirname(launch.leaseFile));
      const path = join(folder, basename(launch.leaseFile));
      const stalled = diskStallEnvironment({ ...stalls, path });
      return { ...launch, environment: { ...launch.environment, ...stalled } };
    },
  };
}

/** Of all OFFERs and ACKs that came in time. */
function replyMsP999(output: string): number | undefined {
  const times = Float64Array.from(replyTimesIn(output), ({ tookMs }) => tookMs).sort();
  return times.at(Math.max(0, Math.ceil(0.999 * times.length) - 1));
}

function load(bench: Bench, relay: string, seconds: number) {
  const { network, seed, signal } = bench;
  const server = formatIpv4(network.serverAddress);
  const load = {
    ...{ server, relay, clients: CLIENTS, ratePerSecond: RATE, seconds, seed },
    timesReplies: true,
  };
  const command = perfdhcpCommand({ ...load, exchanges: RATE * seconds });
  return runPerfdhcp(onGeneratorSide(bench, command), seconds, signal);
}

/** Datagrams that full receive buffers have lost so far, on both sides. */
async function overflows({ network, signal }: Bench) {
  const read = async (onSide: (command: readonly string[]) => readonly string[]) => {
    const command = onSide(["cat", "/proc/net/snmp"]);
    const { output } = await runToEnd(command, { signal, msMax: START_MS, environment: {} });
    return overflowsIn(output);
  };
  return {
    generator: await read(network.onGeneratorSide),
    server: await read(network.onServerSide),
  };
}

/** RcvbufErrors of UDP in /proc/net/snmp, where a line of names precedes that of values. */
export function overflowsIn(snmp: string): number {
  const [names = [], values = []] = snmp
    .split("\n")
    .filter((line) => line.startsWith("Udp: "))
    .map((line) => line.split(" "));
  const value = Number(values[names.indexOf("RcvbufErrors")]);
  if (Number.isInteger(value)) return value;
  throw new Error(`/proc/net/snmp has no RcvbufErrors: ${snmp.slice(0, 1000)}`);
}
