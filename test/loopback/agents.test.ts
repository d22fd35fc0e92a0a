import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { LatencyHistogram } from "../../base/histogram.ts";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import type { Distribution } from "../../reports/result/distribution.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import { runProv } from "./prov-command.testing.ts";
import { countsOf, SegmentLab } from "./segments.testing.ts";

// The same run on four agents that meet in a real etcd of three members.

const MEMBERS = 3;
const AGENTS = ["a1", "a2", "a3", "a4"];
const AGENT_TTL_MS = 3000;

function missingEtcd(): string | undefined {
  try {
    execFileSync("etcd", ["--version"]);
    return undefined;
  } catch {
    return "not installed: etcd";
  }
}

// Every MTA and CPE waits for its modem, so households stay on one worker of one agent.
const streetText = `schema: provlab/scenario@1
name: street
population: { cableModems: 96, mtas: 40, cpes: 40, smartMeters: 16, cmtsCount: 8 }
generator: { slipMsP99Max: 2000 } # A busy machine that runs tests is no bench.
phases:
  - name: connect
    streams: [{ exchange: boot, ratePerSecond: 100 }]
    until: all-online
    timeLimit: 60 s
  - name: restore
    powerCycle: true
    streams: [{ exchange: boot, allWithin: 1 s }]
    until: all-online
    timeLimit: 60 s
thresholds:
  - connect.boot.completed == 192
  - restore.boot.completed == 192
`;

/** Every distribution of a result that has a histogram, by where it is. */
function distributionsOf(result: RunResult): Map<string, Distribution> {
  const found = new Map<string, Distribution>();
  const walk = (path: string, value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("histogram" in value) found.set(path, value as Distribution);
    else for (const [key, inner] of Object.entries(value)) walk(`${path}.${key}`, inner);
  };
  walk("", result);
  return found;
}

/** How many values each of them has. */
function valuesOf(result: RunResult): Record<string, number> {
  const counts = [...distributionsOf(result)].map(([name, { count }]) => [name, count]);
  return Object.fromEntries(counts) as Record<string, number>;
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  for (const server of servers) server.close();
  return ports;
}

describeUnless(missingEtcd(), "four agents and three etcd members", () => {
  const lab = new SegmentLab();
  const children: ChildProcess[] = [];
  const agents = new Map<string, ChildProcess>();
  let endpoints = "";

  beforeAll(async () => {
    const ports = await freePorts(2 * MEMBERS);
    const urlOf = (port: number): string => `http://127.0.0.1:${port}`;
    const members = ports.slice(0, MEMBERS).map((client, index) => {
      return { name: `m${index}`, client: urlOf(client), peer: urlOf(ports[MEMBERS + index]!) };
    });
    endpoints = members.map(({ client }) => client).join(",");
    const cluster = members.map(({ name, peer }) => `${name}=${peer}`).join(",");
    for (const { name, client, peer } of members) {
      const args = ["--name", name, "--data-dir", lab.path(name), "--log-level", "error"];
      const clients = ["--listen-client-urls", client, "--advertise-client-urls", client];
      const peers = ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer];
      const flags = [...args, ...clients, ...peers, "--initial-cluster", cluster];
      children.push(spawn("etcd", flags, { stdio: "ignore" }));
    }
    await vi.waitFor(() => expect(keys("provlab/")).toEqual([]), { timeout: 30_000 });
    for (const name of AGENTS) {
      const agent = lab.start(["agent", "--etcd", endpoints, "--name", name]);
      agents.set(name, agent);
      children.push(agent);
    }
    await vi.waitFor(() => expect(keys("provlab/agents/")).toHaveLength(4), { timeout: 30_000 });
  });
  afterAll(async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    lab.close();
  });

  function keys(prefix: string): readonly string[] | undefined {
    const args = ["--endpoints", endpoints, "get", prefix, "--prefix", "--keys-only"];
    try {
      const text = execFileSync("etcdctl", args, { encoding: "utf8", stdio: "pipe" });
      return text.split("\n").filter((line) => line !== "");
    } catch {
      return undefined;
    }
  }

  const load = (out: string, ...more: string[]): string[] => [
    ...["run", lab.scenario, "--out", out, "--workers", "1", "--report", "none", ...more],
  ];
  const onAgents = (): string[] => ["--agents", "4", "--etcd", endpoints];

  /** Both at once, each with a server of its own. */
  async function passBoth(...runs: readonly [readonly string[], readonly string[]]): Promise<void> {
    for (const ran of await Promise.all(runs.map((args) => runProv(args, { cwd: lab.folder })))) {
      expect(ran.stdout + ran.stderr).toMatch(/^PASS/m);
      expect(ran.status).toBe(0);
    }
  }

  test("they play the run of one process, and leave no key behind", async () => {
    await passBoth(
      load("one", "--history", "one.tsv"),
      load("agents", "--history", "agents.tsv", ...onAgents()),
    );
    expect(lab.text("agents.tsv")).toBe(lab.text("one.tsv"));
    const result = lab.result("agents");
    expect(countsOf(result)).toEqual(countsOf(lab.result("one")));
    expect(result.safety.audit).toBe("all 2,000 leases in the lease file");
    expect(result.segments?.map(({ agent }) => agent)).toEqual(AGENTS);
    expect(keys("provlab/")).toEqual(AGENTS.map((name) => `provlab/agents/${name}`));
  });

  test("every distribution has as many values as that of one process, and its percentiles are those of all", () => {
    const agents = lab.result("agents");
    expect(valuesOf(agents)).toEqual(valuesOf(lab.result("one")));
    const distributions = distributionsOf(agents);
    expect(distributions.size).toBeGreaterThan(10);
    for (const [name, { histogram, count, ...figures }] of distributions) {
      const merged = LatencyHistogram.fromBase64(histogram);
      const [p50, p90, p99, p999] = [50, 90, 99, 99.9].map((p) => merged.percentileMs(p));
      expect([name, merged.count, figures]).toMatchObject([name, count, { p50, p90, p99, p999 }]);
    }
  });

  test("two workers an agent boot every device as one process does", async () => {
    writeFileSync(lab.path("street.yaml"), streetText);
    const boot = (out: string): string[] => [
      ...["run", "street.yaml", "--report", "none", "--out", out, "--history", `${out}.tsv`],
    ];
    await passBoth(
      [...boot("boot-one"), "--workers", "1"],
      [...boot("boot-agents"), "--workers", "2", ...onAgents()],
    );
    expect(lab.text("boot-agents.tsv")).toBe(lab.text("boot-one.tsv"));
    const [one, agents] = [lab.result("boot-one"), lab.result("boot-agents")];
    expect(agents.environment.workers).toBe(2 * AGENTS.length);
    expect(countsOf(agents)).toEqual(countsOf(one));
    for (const { boot } of agents.phases) {
      expect(boot!.timeToOnlineMs["all"]!.count).toBe(192);
      // 96 modems, 40 MTAs and 16 meters; every modem's file and every MTA's is looked into as well.
      expect(boot!.downloads).toMatchObject({ files: 152, verified: 152, contentsChecked: 136 });
      expect(boot!.failures).toEqual([]);
    }
    expect(valuesOf(agents)).toEqual(valuesOf(one));
  });

  test("an agent that is killed makes the run invalid within its lease's time", async () => {
    const long = ["--set", "phases.1.duration=60 s"];
    const run = lab.start(load("killed", ...onAgents(), ...long));
    let said = "";
    run.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const ended = once(run, "exit");
    await expect.poll(() => said, { timeout: 40_000 }).toMatch(/phase mixed/);
    agents.get("a3")!.kill("SIGKILL");
    const killedMs = performance.now();
    const [status] = await ended;
    const tookMs = performance.now() - killedMs;
    expect(status).toBe(98);
    const { verdict, reasons } = lab.result("killed");
    expect([verdict, reasons]).toEqual(["invalid", ["Agent a3 is gone."]]);
    // etcd looks for leases that are over twice a second; then the bundled server ends, and the result's
    // files are written, on a busy machine.
    expect(tookMs).toBeLessThan(AGENT_TTL_MS + 500 + 2000);
    expect(keys("provlab/runs/")).toEqual([]);
  });
});
