import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import type { StallReason } from "../../base/stall-reason.ts";
import { diskStallEnvironment } from "../../lab/disk-stalls.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import { runProv } from "../prov-command.testing.ts";
import { connect, renew, smallScenario } from "../small-scenario.testing.ts";

// What is done to the server for about 300 ms at a time is what the run's summary names, and it is on the axis
// of the page.

const folder = mkdtempSync(join(tmpdir(), "provlab-slow-end-"));
afterAll(() => rmSync(folder, { recursive: true }));

const scenario = smallScenario("slow-end", {
  population: { cableModems: 2000, cmtsCount: 2 },
  phases: [connect(1000), renew(300, 8)],
});
writeFileSync(join(folder, "slow-end.yaml"), scenario);

const stallMs = 300;
const everyMs = 2000;

/** Loaded into the server, as `lab/disk-stalls.mjs` is: the thread of DHCP does this every two seconds. */
function inDhcpThread(name: string, code: string): Readonly<Record<string, string>> {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(
    file,
    `import { workerData } from "node:worker_threads";
    import { setFlagsFromString } from "node:v8";
    import { runInNewContext } from "node:vm";
    if (workerData?.plan?.service === "dhcp") { ${code} }`,
  );
  return { NODE_OPTIONS: `--import=${pathToFileURL(file).href}` };
}

const collecting = `
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  globalThis.ballast = Array.from({ length: 4_000_000 }, (_, index) => ({ index }));
  setInterval(() => collect(), ${everyMs}).unref();`;
const working = `
  setInterval(() => {
    const untilMs = performance.now() + ${stallMs};
    while (performance.now() < untilMs);
  }, ${everyMs}).unref();`;

/** Stops the run's server again and again until the run is over. */
async function stopServer(out: string, isOver: () => boolean): Promise<void> {
  const pidFile = join(out, "server", "server.pid");
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  while (!isOver()) {
    await wait(everyMs);
    if (isOver() || !existsSync(pidFile)) continue;
    const pid = Number(readFileSync(pidFile, "utf8"));
    try {
      process.kill(pid, "SIGSTOP");
      await wait(stallMs);
      process.kill(pid, "SIGCONT");
    } catch {
      return;
    }
  }
}

interface Cause {
  readonly reason: StallReason;
  readonly words: string;
  readonly environment: (out: string) => Readonly<Record<string, string>>;
  readonly isStopped?: boolean;
}

test.each<readonly [string, Cause]>([
  [
    "the disk",
    {
      ...{ reason: "sync", words: "(a sync|two syncs) of the disk" },
      environment: (out) => diskStallEnvironment({ stallMs, everyMs, path: out }),
    },
  ],
  [
    "a stopped process",
    {
      ...{ reason: "stopped", words: "a stop of the server's process, or of its machine" },
      ...{ environment: () => ({}), isStopped: true },
    },
  ],
  [
    "garbage collection",
    {
      ...{ reason: "garbage-collection", words: "the server's garbage collection" },
      environment: () => inDhcpThread("collecting", collecting),
    },
  ],
  [
    "its own thread",
    {
      ...{ reason: "event-loop", words: "long work of the server's own thread" },
      environment: () => inDhcpThread("working", working),
    },
  ],
])("%s is named", { timeout: 120_000 }, async (name, { reason, words, environment, isStopped }) => {
  const out = join(folder, name.replaceAll(" ", "-"));
  let isOver = false;
  const stopping = isStopped === true ? stopServer(out, () => isOver) : undefined;
  const ran = await runProv(["run", "slow-end.yaml", "--out", out], {
    cwd: folder,
    env: environment(out),
  });
  isOver = true;
  await stopping;
  // The summary breaks lines at 80 columns.
  const told = ran.stdout.replaceAll(/\n +/g, " ");
  expect(told, ran.stderr).toMatch(new RegExp(`renew, renew: p99[^:]*: [\\d.]+ ms of it ${words}`));
  const result = JSON.parse(readFileSync(join(out, "result.json"), "utf8")) as RunResult;
  const phase = result.phases.at(-1)!;
  const long = phase.server!.stalls.filter(
    (stall) => stall.reason === reason && stall.durationMs > stallMs / 4,
  );
  expect(long.length).toBeGreaterThanOrEqual(2);
  for (const { startMs, durationMs } of long) {
    expect(startMs).toBeGreaterThan(phase.startedAtMs - durationMs - 100);
    expect(startMs).toBeLessThan(phase.startedAtMs + phase.durationMs + 2000);
  }
  // The slowest transactions have the server's own stages of their answers.
  expect(phase.slowest).toHaveLength(20);
  const answered = phase.slowest!.filter(({ answers = [] }) => answers.length > 0);
  expect(answered.length).toBeGreaterThan(10);
});
