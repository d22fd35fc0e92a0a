import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { RunMetrics } from "../../cli/run/watch/run-metrics.ts";
import { sampleBootResult } from "../../reports/result/sample-boot-result.testing.ts";
import { haFamilies } from "../../server/ha/ha-metrics.ts";
import type { PairStatus } from "../../server/ha/pair-status.ts";
import { SharedPairState } from "../../server/mandate/shared-pair-state.ts";
import { gauge, renderExposition } from "../../server/metrics/exposition.ts";
import { pairFamilies } from "../../server/metrics/pair-metrics.ts";
import { emptyCounters } from "../../simulator/measure/recorder.ts";
import { DhcpdFolder } from "./dhcpd-command.testing.ts";
import { fetchFile, prov, ServingProcess } from "./prov-serve.testing.ts";

// Metrics as Prometheus reads them: of a server under a small load, and of the run that makes it.

const folder = mkdtempSync(join(tmpdir(), "provlab-metrics-"));
const dhcpdFolder = new DhcpdFolder();
const dashboardFile = resolve(import.meta.dirname, "../../deploy/grafana/provlab.json");
const ports = { dhcp: 18_367, tftp: 18_369 };

const scenario = `schema: provlab/scenario@1
name: metered
population: { cableModems: 40, cmtsCount: 2 }
generator: { slipMsP99Max: 1000 }
phases:
  - name: connect
    streams: [{ exchange: discover, ratePerSecond: 100 }]
    until: all-bound
    timeLimit: 30 s
  - name: renew
    streams: [{ exchange: renew, ratePerSecond: 50 }]
    duration: 3 s
`;

const provYaml = `schema: provlab/prov@1
address: 127.0.0.1
dhcp: { config: dhcpd.conf, leases: dhcpd.leases, port: ${ports.dhcp} }
tftp: { root: tftp, port: ${ports.tftp} }
time: { port: 0 }
ntp: { port: 0 }
syslog: { directory: log, port: 0 }
metrics: { port: 0 }
`;

const pairNode = {
  bootId: "1",
  isInSync: true,
  filesInStep: true,
  revision: 51,
  isAble: false,
  troubles: [],
};
/** Of a node of a pair; the server of this test is none. */
const pairStatus: PairStatus = {
  schema: "provlab/pair-status@1",
  ...{ seenBy: "a", epoch: 1, leader: "a", storeAnswers: true, failureInProgress: false },
  nodes: [
    { ...pairNode, node: "a", role: "active" },
    { ...pairNode, node: "b", role: "standby" },
  ],
  peerLife: "alive",
  clockApartMs: 400,
  leaseTimeAheadMs: 0,
  links: [{ state: "up", roundTripMs: 0.3 }],
};

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

async function get(port: number, path: string, method = "GET"): Promise<Answer> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  const type = answer.headers.get("content-type");
  return { status: answer.status, type, text: await answer.text() };
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function samplesOf(text: string): Sample[] {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [, name, labels = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)!;
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    return {
      name: name!,
      labels: Object.fromEntries(pairs.map(([, of, text]) => [of, text])),
      value: Number(value),
    };
  });
}

/** The sum over the samples that have these labels. */
function sumOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const found = samplesOf(text).filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([of, is]) => sample.labels[of] === is),
  );
  expect(found, name).not.toEqual([]);
  return found.reduce((sum, { value }) => sum + value, 0);
}

const portIn = (said: string, pattern: RegExp): number => Number(pattern.exec(said)![1]);

let server: ServingProcess;
let metricsPort: number;
/** What a run said of itself while it went on. */
let ofRun: Answer;
let ofServer: Answer;

beforeAll(async () => {
  mkdirSync(join(folder, "tftp"));
  writeFileSync(join(folder, "tftp", "hello.txt"), "x".repeat(300));
  for (const [name, text] of Object.entries({ "prov.yaml": provYaml, "metered.yaml": scenario })) {
    writeFileSync(join(folder, name), text);
  }
  const options = { cwd: folder, encoding: "utf8" } as const;
  const config = spawnSync(process.execPath, [prov, "config", "metered.yaml"], options);
  writeFileSync(join(folder, "dhcpd.conf"), `local-address 127.0.0.1;\n${config.stdout}`);
  writeFileSync(join(folder, "dhcpd.leases"), "");
  server = await ServingProcess.start(folder, "prov.yaml", "metrics");
  metricsPort = Number(server.portOf("metrics"));
  await fetchFile("127.0.0.1", ports.tftp, "hello.txt");
  const stranger = createSocket("udp4");
  await new Promise<void>((sent) => stranger.send("?", ports.dhcp, "127.0.0.1", () => sent()));
  stranger.close();

  const args = ["run", "metered.yaml", "--target", `127.0.0.1:${ports.dhcp}`, "--metrics", "0"];
  const run = spawn(process.execPath, [prov, ...args, "--report", "none"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  run.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await vi.waitFor(() => expect(said).toContain("/metrics\n"), 20_000);
  const runPort = portIn(said, /Metrics: http:\/\/127\.0\.0\.1:(\d+)\/metrics/);
  await vi.waitFor(async () => {
    ofRun = await get(runPort, "/metrics");
    expect(ofRun.text).toContain('phase="renew"');
  }, 20_000);
  const [status] = await once(run, "exit");
  expect(status).toBe(0);
  await vi.waitFor(async () => {
    ofServer = await get(metricsPort, "/metrics");
    expect(sumOf(ofServer.text, "provlab_dhcp_requests_total", { type: "request" })).toBe(190);
  }, 10_000);
});
afterAll(() => {
  server.kill();
  dhcpdFolder.close();
  rmSync(folder, { recursive: true });
});

describe("prov serve", () => {
  test("tells what it did, by message, state and service", () => {
    const { text, type } = ofServer;
    expect(type).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(sumOf(text, "provlab_ready")).toBe(1);
    expect(sumOf(text, "provlab_dhcp_requests_total", { type: "discover" })).toBe(40);
    expect(sumOf(text, "provlab_dhcp_replies_total", { type: "offer" })).toBe(40);
    expect(sumOf(text, "provlab_dhcp_replies_total", { type: "ack" })).toBe(190);
    expect(sumOf(text, "provlab_dhcp_rejected_total")).toBe(1);
    expect(sumOf(text, "provlab_dhcp_leases", { state: "active" })).toBe(40);
    expect(sumOf(text, "provlab_dhcp_commits_total")).toBeGreaterThan(0);
    expect(sumOf(text, "provlab_dhcp_sync_seconds_count")).toBeGreaterThan(0);
    expect(sumOf(text, "provlab_dhcp_sync_seconds_sum")).toBeGreaterThan(0);
    expect(sumOf(text, "provlab_tftp_sent_bytes_total")).toBe(300);
    expect(sumOf(text, "provlab_tftp_transfers_ended_total", { end: "completed" })).toBe(1);
    expect(sumOf(text, "process_resident_memory_bytes")).toBeGreaterThan(10_000_000);
    for (const service of ["dhcp", "tftp", "time", "ntp", "syslog"]) {
      expect(text).toContain(`service="${service}"`);
    }
  });

  test("says whether it lives and serves, and takes nothing but questions", async () => {
    expect(await get(metricsPort, "/healthz")).toMatchObject({ status: 200, text: "ok\n" });
    expect(await get(metricsPort, "/readyz")).toMatchObject({ status: 200, text: "ready\n" });
    expect(await get(metricsPort, "/metrics?x=1")).toMatchObject({ status: 200 });
    expect(await get(metricsPort, "/metrics", "HEAD")).toMatchObject({ status: 200, text: "" });
    expect(await get(metricsPort, "/")).toMatchObject({ status: 404 });
    expect(await get(metricsPort, "/metrics", "POST")).toMatchObject({ status: 405 });
  });
});

describe("prov run --metrics", () => {
  test("adds its seconds up while it goes on", () => {
    const { text } = ofRun;
    expect(sumOf(text, "provlab_simulator_completed_total", { exchange: "discover" })).toBe(40);
    expect(sumOf(text, "provlab_simulator_devices_bound")).toBe(40);
    expect(sumOf(text, "provlab_simulator_pace")).toBe(1);
    expect(sumOf(text, "provlab_simulator_phase_info", { scenario: "metered" })).toBe(1);
  });
});

describe("prov dhcpd --metrics", () => {
  test("answers from a thread of its own, and ends with the server", async () => {
    dhcpdFolder.write("dhcpd.conf", readFileSync(join(folder, "dhcpd.conf"), "utf8"));
    dhcpdFolder.write("dhcpd.leases", "");
    const files = ["-cf", "dhcpd.conf", "-lf", "dhcpd.leases", "--no-pid", "-f", "-p", "18371"];
    const dhcpd = await dhcpdFolder.dhcpd([...files, "--metrics", "0"]);
    const port = portIn(dhcpd.said(), /Metrics: http:\/\/127\.0\.0\.1:(\d+)\/metrics/);
    await vi.waitFor(async () => {
      expect(await get(port, "/readyz")).toMatchObject({ status: 200 });
    }, 10_000);
    const { text } = await get(port, "/metrics");
    expect(sumOf(text, "provlab_dhcp_requests_total", { type: "discover" })).toBe(0);

    dhcpdFolder.write("other.leases", "");
    const others = ["-cf", "dhcpd.conf", "-lf", "other.leases", "--no-pid", "-f", "-p", "18373"];
    const taken = dhcpdFolder.prov("dhcpd", ...others, "--metrics", String(port));
    expect(taken.status).toBe(1);
    expect(taken.stderr).toContain(`Cannot serve metrics over HTTP on 127.0.0.1 port ${port}`);
    expect(await dhcpd.stop("SIGTERM")).toBe(0);
    await expect(get(port, "/healthz")).rejects.toThrow();
  });
});

describe("the Grafana dashboard", () => {
  const dashboard = JSON.parse(readFileSync(dashboardFile, "utf8")) as {
    readonly panels: readonly {
      readonly title: string;
      readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
    }[];
    readonly templating: { readonly list: readonly { readonly query: unknown }[] };
  };
  const targets = dashboard.panels.flatMap(({ targets = [] }) => targets);
  /** Those of Prometheus itself. */
  const scraped = ["instance", "job"];

  /** Labels by name of the sample, of everything that is exported. */
  function exported(): Map<string, Set<string>> {
    const counters = emptyCounters();
    const simulated = new RunMetrics("s");
    const boots = { online: 1, states: { online: 1 } };
    const latency = { latencyMsP50: 1, latencyMsP99: 2, latencyMsMax: 3 };
    const row = {
      ...{ second: 0, phase: "p", exchanges: { boot: counters }, bound: 1, states: { bound: 1 } },
      ...{ boots, ...latency },
    };
    simulated.second(
      {
        ...{ phase: "p", phaseIndex: 0, phaseCount: 1, phaseElapsedMs: 0, phaseMsMax: 1 },
        ...{ devices: 1, pace: 1, row },
      },
      {
        ...sampleBootResult().timeSeries[0]!,
        ...latency,
        serverCpuPercent: 1,
        serverResidentMiB: 1,
      },
    );
    const names = new Map<string, Set<string>>();
    const takeOvers = { count: 1, silentMs: 400, claimMs: 100 };
    const ofPair = [
      ...pairFamilies(new SharedPairState()),
      ...haFamilies(pairStatus, takeOvers),
      gauge("provlab_mirror_in_step", "", 1),
    ];
    const all = `${ofServer.text}${renderExposition([...simulated.families(), ...ofPair])}`;
    for (const { name, labels } of samplesOf(all)) {
      const known = names.get(name) ?? new Set(scraped);
      for (const label of Object.keys(labels)) known.add(label);
      names.set(name, known);
    }
    // What a real run told is among them.
    for (const { name } of samplesOf(ofRun.text)) expect([...names.keys()]).toContain(name);
    return names;
  }

  test("asks only for metrics and labels that are exported", () => {
    const names = exported();
    expect(targets.length).toBeGreaterThan(30);
    const wrong: string[] = [];
    const questions = [
      ...targets,
      { expr: JSON.stringify(dashboard.templating), legendFormat: "" },
    ];
    for (const { expr, legendFormat } of questions) {
      const metrics = [...expr.matchAll(/\b((?:provlab|process)_\w+)(?:\{([^}]*)\})?/g)];
      if (metrics.length === 0) wrong.push(`no metric in ${expr}`);
      const by = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(", "));
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
      for (const [, name, selectors = ""] of metrics) {
        const labels = names.get(name!);
        const used = [...selectors.matchAll(/(\w+)(?==|!=|=~)/g)].map(([label]) => label);
        if (labels === undefined) wrong.push(name!);
        else wrong.push(...[...used, ...by, ...shown].filter((label) => !labels.has(label)));
      }
    }
    expect(wrong).toEqual([]);
  });

  test("and docs/metrics.md has every one of them", () => {
    const page = readFileSync(resolve(import.meta.dirname, "../../docs/metrics.md"), "utf8");
    const families = [...exported().keys()].map((name) => name.replace(/_(bucket|sum|count)$/, ""));
    expect(families.filter((name) => !page.includes(`| \`${name}\` |`))).toEqual([]);
  });

  test("has panels that do not overlap, with numbers of their own", () => {
    const places = dashboard.panels as unknown as readonly {
      readonly id: number;
      readonly gridPos: {
        readonly x: number;
        readonly y: number;
        readonly w: number;
        readonly h: number;
      };
    }[];
    expect(new Set(places.map(({ id }) => id)).size).toBe(places.length);
    const cells = places.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)}:${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});

const promtool = spawnSync("/usr/bin/python3", ["-c", "import prometheus_client"]);
const missing = promtool.status === 0 ? undefined : "not installed: python3-prometheus-client";

describeUnless(missing, "the parser of Prometheus' own Python client", () => {
  test("reads all of the server and of the run", () => {
    const program =
      "import sys\nfrom prometheus_client.parser import text_string_to_metric_families as parse\n" +
      "print(sum(len(family.samples) for family in parse(sys.stdin.read())))";
    for (const { text } of [ofServer, ofRun]) {
      const options = { input: text, encoding: "utf8" } as const;
      const read = spawnSync("/usr/bin/python3", ["-c", program], options);
      expect(read.stderr).toBe("");
      expect(Number(read.stdout)).toBe(samplesOf(text).length);
    }
  });
});
