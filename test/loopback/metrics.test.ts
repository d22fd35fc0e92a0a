import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RunResult } from "../../reports/result/run-result.ts";
import { renderExposition } from "../../server/metrics/exposition.ts";
import { freePorts } from "../ports.testing.ts";
import { prov } from "../prov-command.testing.ts";
import { connect, renew, smallScenario } from "../small-scenario.testing.ts";
import { DhcpdFolder } from "./dhcpd-command.testing.ts";
import { otherFamilies } from "./metric-families.testing.ts";
import { fetchFile, ServingProcess } from "./prov-serve.testing.ts";

// Metrics as Prometheus reads them: of a server under a small load, and of the run that makes it.

const folder = mkdtempSync(join(tmpdir(), "provlab-metrics-"));
const dhcpdFolder = new DhcpdFolder();
const dashboardFile = resolve(import.meta.dirname, "../../deploy/grafana/provlab.json");
const first = await freePorts();
const ports = { dhcp: first, tftp: first + 2, dhcpd: first + 4, other: first + 6 };

const scenario = smallScenario("metered", {
  population: { cableModems: 40, cmtsCount: 2 },
  phases: [connect(100), renew(50, 3)],
});

const provYaml = `schema: provlab/prov@1
address: 127.0.0.1
dhcp: { config: dhcpd.conf, leases: [dhcpd.leases, second.leases], port: ${ports.dhcp} }
tftp: { root: tftp, port: ${ports.tftp} }
time: { port: 0 }
ntp: { port: 0 }
syslog: { directory: log, port: 0 }
metrics: { port: 0 }
`;

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
/** ACKs that the run counts, and copies of its packets that may have brought one more. */
let counted: { readonly completed: number; readonly retransmissions: number };

beforeAll(async () => {
  mkdirSync(join(folder, "tftp"));
  writeFileSync(join(folder, "tftp", "hello.txt"), "x".repeat(300));
  for (const [name, text] of Object.entries({ "prov.yaml": provYaml, "metered.yaml": scenario })) {
    writeFileSync(join(folder, name), text);
  }
  const options = { cwd: folder, encoding: "utf8" } as const;
  const config = spawnSync(process.execPath, [prov, "config", "metered.yaml"], options);
  writeFileSync(join(folder, "dhcpd.conf"), `local-address 127.0.0.1;\n${config.stdout}`);
  for (const name of ["dhcpd.leases", "second.leases"]) writeFileSync(join(folder, name), "");
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
  await vi.waitFor(() => expect(said).toContain("/metrics\n"), 50_000);
  const runPort = portIn(said, /Metrics: http:\/\/127\.0\.0\.1:(\d+)\/metrics/);
  await vi.waitFor(async () => {
    ofRun = await get(runPort, "/metrics");
    expect(ofRun.text).toContain('phase="renew"');
  }, 50_000);
  const [status] = await once(run, "exit");
  expect(status).toBe(0);
  const { phases } = JSON.parse(
    readFileSync(join(folder, "runs", "metered", "result.json"), "utf8"),
  ) as RunResult;
  const streams = phases.flatMap((phase) => phase.streams);
  const sum = (count: "completed" | "retransmissions"): number =>
    streams.reduce((total, stream) => total + stream[count], 0);
  counted = { completed: sum("completed"), retransmissions: sum("retransmissions") };
  // A device whose renewal waits for a disk that stands still is not asked for another one: fewer than 40 and 150.
  expect(counted.completed).toBeGreaterThan(40);
  await vi.waitFor(async () => {
    ofServer = await get(metricsPort, "/metrics");
    const acks = sumOf(ofServer.text, "provlab_dhcp_replies_total", { type: "ack" });
    expect(acks).toBeGreaterThanOrEqual(counted.completed);
  }, 50_000);
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
    // At least one of each is of the preflight, which asks again after a second.
    const discovers = sumOf(text, "provlab_dhcp_requests_total", { type: "discover" });
    expect(discovers).toBeOneOf([41, 42, 43, 44]);
    expect(sumOf(text, "provlab_dhcp_replies_total", { type: "offer" })).toBe(discovers);
    const acks = sumOf(text, "provlab_dhcp_replies_total", { type: "ack" });
    expect(acks).toBeLessThanOrEqual(counted.completed + counted.retransmissions);
    const requests = sumOf(text, "provlab_dhcp_requests_total", { type: "request" });
    expect(requests).toBeGreaterThanOrEqual(acks);
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
    const files = [
      "-cf",
      "dhcpd.conf",
      "-lf",
      "dhcpd.leases",
      "--no-pid",
      "-f",
      "-p",
      `${ports.dhcpd}`,
    ];
    const dhcpd = await dhcpdFolder.dhcpd([...files, "--metrics", "0"]);
    const port = portIn(dhcpd.said(), /Metrics: http:\/\/127\.0\.0\.1:(\d+)\/metrics/);
    await vi.waitFor(async () => {
      expect(await get(port, "/readyz")).toMatchObject({ status: 200 });
    }, 50_000);
    const { text } = await get(port, "/metrics");
    expect(sumOf(text, "provlab_dhcp_requests_total", { type: "discover" })).toBe(0);

    dhcpdFolder.write("other.leases", "");
    const others = [
      "-cf",
      "dhcpd.conf",
      "-lf",
      "other.leases",
      "--no-pid",
      "-f",
      "-p",
      `${ports.other}`,
    ];
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
    const names = new Map<string, Set<string>>();
    const all = `${ofServer.text}${renderExposition(otherFamilies())}`;
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
