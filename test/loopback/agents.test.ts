import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
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

  test("they play the run of one process, and leave no key behind", () => {
    expect(lab.run(load("one", "--history", "one.tsv")).status).toBe(0);
    const ran = lab.run(
      load("agents", "--history", "agents.tsv", "--agents", "4", "--etcd", endpoints),
    );
    expect(ran.stdout + ran.stderr).toMatch(/^PASS/m);
    expect(ran.status).toBe(0);
    expect(lab.text("agents.tsv")).toBe(lab.text("one.tsv"));
    const result = lab.result("agents");
    expect(countsOf(result)).toEqual(countsOf(lab.result("one")));
    expect(result.safety.audit).toBe("all 2,000 leases in the lease file");
    expect(result.segments?.map(({ agent }) => agent)).toEqual(AGENTS);
    expect(keys("provlab/")).toEqual(AGENTS.map((name) => `provlab/agents/${name}`));
  });

  test("an agent that is killed makes the run invalid within its lease's time", async () => {
    const long = ["--set", "phases.1.duration=60 s"];
    const run = lab.start(load("killed", "--agents", "4", "--etcd", endpoints, ...long));
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
    // The end of the bundled server and the files of the result are in it, on a busy machine.
    expect(tookMs).toBeLessThan(AGENT_TTL_MS + 1000 + 3000);
    expect(keys("provlab/runs/")).toEqual([]);
  });
});
