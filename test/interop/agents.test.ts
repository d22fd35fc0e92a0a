import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { LatencyHistogram } from "../../base/histogram.ts";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { AgentsKey } from "../../cli/run/agents/agents-key.ts";
import { Board, type BoardAccess, BoardWriter } from "../../cli/run/agents/board.ts";
import { type Claim, claimKeyOf, connect } from "../../cli/run/agents/etcd.ts";
import type { Distribution } from "../../reports/result/distribution.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import type { EtcdUserAccess } from "../../server/etcd/edge/etcd-access.ts";
import { KeptLease } from "../../server/etcd/edge/etcd-kept-lease.ts";
import { countsOf, SegmentLab } from "../loopback/segments.testing.ts";
import { runProv } from "../prov-command.testing.ts";
import { bootAll, restore, smallScenario } from "../small-scenario.testing.ts";
import { CertificateAuthority, openSslMissingReason } from "./certificate-authority.testing.ts";
import { EtcdCluster, etcdMissingReason } from "./etcd-cluster.testing.ts";

// The same run on four agents that meet in a real etcd of three members, which lets in nobody without a
// certificate and a password. The agents do nothing for somebody who has both, but not their key.

const AGENTS = ["a1", "a2", "a3", "a4"];
const AGENT_TTL_MS = 3000;
const SECRET = "a secret of the agents and their coordinator";

// Every MTA and CPE waits for its modem, so households stay on one worker of one agent.
const streetText = smallScenario("street", {
  population: { cableModems: 96, mtas: 40, cpes: 40, smartMeters: 16, cmtsCount: 8 },
  phases: [bootAll(100), restore],
  thresholds: ["connect.boot.completed == 192", "restore.boot.completed == 192"],
});

/** Every distribution of a result that has a histogram, by where it is. */
function distributionsOf(result: RunResult): Map<string, Distribution> {
  const found = new Map<string, Distribution>();
  const walk = (path: string, value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("histogram" in value) found.set(path, value as Distribution);
    else for (const [key, inner] of partsOf(value)) walk(`${path}.${key}`, inner);
  };
  walk("", result);
  return found;
}

/** Without what only the process that started the server can ask it: its own time for each answer. */
const partsOf = (value: object): [string, unknown][] =>
  Object.entries(value).filter(([key]) => key !== "server");

/** How many values each of them has. */
function valuesOf(result: RunResult): Record<string, number> {
  const counts = [...distributionsOf(result)].map(([name, { count }]) => [name, count]);
  return Object.fromEntries(counts) as Record<string, number>;
}

const missing = etcdMissingReason() ?? openSslMissingReason();

describeUnless(missing, "four agents and three etcd members", () => {
  const lab = new SegmentLab();
  const children: ChildProcess[] = [];
  const agents = new Map<string, ChildProcess>();
  let authority: CertificateAuthority;
  let cluster: EtcdCluster;
  let access: EtcdUserAccess;
  let etcd: readonly string[] = [];
  let logOfA1 = "";

  beforeAll(async () => {
    authority = new CertificateAuthority();
    cluster = await EtcdCluster.start({ tls: authority.issue("etcd") });
    const { endpoints } = cluster;
    const credentials = cluster.demandUser("agents", "s3 cret", "provlab/");
    const tls = authority.issue("machine");
    access = { endpoints, tls, credentials };
    etcd = [
      ...["--etcd", endpoints.join(","), "--etcd-ca", tls.ca],
      ...["--etcd-certificate", tls.certificate, "--etcd-key", tls.key],
      ...["--etcd-user", credentials.user, "--etcd-password-file", credentials.passwordFile],
      ...["--agents-key", lab.path("agents.key")],
    ];
    writeFileSync(lab.path("agents.key"), SECRET);
    chmodSync(lab.path("agents.key"), 0o600);
    for (const name of AGENTS) {
      const agent = lab.start(["agent", ...etcd, "--name", name]);
      agents.set(name, agent);
      children.push(agent);
    }
    for (const stream of [agents.get("a1")!.stdout!, agents.get("a1")!.stderr!]) {
      stream.on("data", (chunk: Buffer) => {
        logOfA1 += chunk.toString();
      });
    }
    await vi.waitFor(() => expect(keys("provlab/agents/")).toHaveLength(4), { timeout: 90_000 });
  });
  afterAll(async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    await cluster?.stop();
    authority?.close();
    lab.close();
  });

  function keys(prefix: string): readonly string[] {
    const text = cluster.ctl("get", prefix, "--prefix", "--keys-only");
    return text.split("\n").filter((line) => line !== "");
  }

  const load = (out: string, ...more: string[]): string[] => [
    ...["run", lab.scenario, "--out", out, "--workers", "1", "--report", "none", ...more],
  ];
  const onAgents = (): string[] => ["--agents", "4", ...etcd];

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
      expect(boot!.timeToOnlineMs["all"].count).toBe(192);
      // 96 modems, 40 MTAs and 16 meters; every modem's file and every MTA's is looked into as well.
      expect(boot!.downloads).toMatchObject({ files: 152, verified: 152, contentsChecked: 136 });
      expect(boot!.failures).toEqual([]);
    }
    expect(valuesOf(agents)).toEqual(valuesOf(one));
  });

  /** Somebody who may write to etcd: with the agents' key or with another one. */
  function writerOf(secret: string): BoardAccess {
    const client = connect(access);
    onTestFinished(() => client.close());
    return { etcd: client, key: new AgentsKey(secret), say: () => {} };
  }

  test("an agent loads no server that its command line does not name", async () => {
    const args = ["--target", "192.0.2.1", "--agents", "1", ...etcd];
    const ran = await runProv(load("elsewhere", ...args), { cwd: lab.folder });
    expect(ran.status).toBe(98);
    expect(lab.result("elsewhere").reasons).toEqual([
      "Agent a1 failed: may not load 192.0.2.1: start it with --allow-target 192.0.2.1 if it should",
    ]);
  });

  test("a claim that somebody forges, or recorded and writes again, is not played", async () => {
    const somebody = writerOf("a secret that nobody shares");
    const claimKey = claimKeyOf("a1");
    const claims: Uint8Array[] = [];
    const watch = somebody.etcd.watch(claimKey, undefined, 0, {
      onAnswer: ({ events }) => {
        claims.push(...events.filter(({ isDeleted }) => !isDeleted).map(({ value }) => value));
      },
      onEnd: () => {},
    });
    await runProv(load("recorded", "--target", "192.0.2.1", "--agents", "1", ...etcd), {
      cwd: lab.folder,
    });
    await expect.poll(() => claims.length).toBe(1);
    watch.cancel();
    const [claim] = claims;
    const content = claim.subarray(32);
    const { run } = JSON.parse(Buffer.from(content).toString()) as Claim;
    const forged = somebody.key.seal(claimKey, content);
    for (const value of [forged, claim]) {
      const lease = await somebody.etcd.grantLease(10, 5000);
      await somebody.etcd.put({ key: claimKey, value, lease }, 5000);
      await expect
        .poll(() => logOfA1)
        .toMatch(value === forged ? /did not seal: ignored/ : /was played already/);
      await somebody.etcd.revokeLease(lease, 5000);
    }
    expect(logOfA1.split(`plays segment 1/1 of run ${run}`)).toHaveLength(2);
  });

  test("what is put while a member dies is seen in its order", async () => {
    const hall = writerOf(SECRET);
    const client = hall.etcd;
    const board = await Board.open(hall, "provlab/test/");
    onTestFinished(() => board.close());
    const seen: string[] = [];
    board.onPut = (key, value) => seen.push(`${key}=${value}`);
    board.onDelete = (key) => seen.push(`${key} deleted`);
    const lease = await KeptLease.grant(client, 5, 5000, () => seen.push("lost"));
    const writer = new BoardWriter(hall, "provlab/test/", lease.id);
    await writer.put("a", "1");
    // All calls and watches of a client go to its first member until that fails.
    cluster.signal(0, "SIGKILL");
    for (const value of ["2", "3"]) await writer.put("a", value);
    await writer.put("b", "");
    await lease.revoke(5000);
    await expect.poll(() => seen.at(-1), { timeout: 10_000 }).toBe("b deleted");
    // A put whose answer the member did not live to give is sent a second time.
    const changes = seen.filter((text, place) => text !== seen[place - 1]);
    expect(changes).toEqual(["a=1", "a=2", "a=3", "b=", "a deleted", "b deleted"]);
    cluster.startMember(0);
  });

  test("an agent that is killed makes the run invalid within its lease's time", async () => {
    const long = ["--set", "phases.1.duration=60 s"];
    const run = lab.start(load("killed", ...onAgents(), ...long));
    let said = "";
    run.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const ended = once(run, "exit");
    await expect.poll(() => said, { timeout: 90_000 }).toMatch(/phase mixed/);
    agents.get("a3")!.kill("SIGKILL");
    const killedMs = performance.now();
    const [status] = await ended;
    const tookMs = performance.now() - killedMs;
    expect(status).toBe(98);
    const { verdict, reasons } = lab.result("killed");
    expect([verdict, reasons]).toEqual(["invalid", ["Agent a3 is gone."]]);
    // Long before the phase would have ended by itself.
    expect(tookMs).toBeLessThan(AGENT_TTL_MS + 30_000);
    expect(keys("provlab/runs/")).toEqual([]);
  });
});
