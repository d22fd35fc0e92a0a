import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunResult } from "../../reports/run-result.ts";
import { addPlant, describeWithPeers, NetworkLab, type Peer } from "./namespaces.testing.ts";

const prov = resolve(import.meta.dirname, "../../dist/cli/main.js");

const scenario = `schema: provlab/scenario@1
name: kea
population:
  cableModems: 150
  mtas: 60
  cpes: 50
  smartMeters: 40
  cmtsCount: 3
  addressBlock: 10.64.0.0/16
generator:
  slipMsP99Max: 1000 # A busy machine that runs tests is no bench.
phases:
  - name: connect
    streams: [{ exchange: discover, ratePerSecond: 100 }]
    until: all-bound
    timeLimit: 60 s
  - name: renew
    streams: [{ exchange: renew, ratePerSecond: 50 }]
    duration: 2 s
thresholds:
  - connect.discover.completed == 300
  - connect.discover.naks == 0
  - renew.renew.completed == 100
`;

// Kea keeps to its own folders unless it is told of others.
const folders = (path: string): readonly string[] => [
  ...["env", `KEA_DHCP_DATA_DIR=${path}`, `KEA_PIDFILE_DIR=${path}`],
  ...["KEA_LOCKFILE_DIR=none", `KEA_LOG_FILE_DIR=${path}`, "kea-dhcp4"],
];

/** Kea says nothing below a warning: its socket tells that it is there. */
async function listens(lab: NetworkLab, namespace: string, server: Peer): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!server.isOver && performance.now() < deadline) {
    const { output } = await lab.run(namespace, "ss", ["-lunH"]);
    if (output.includes("10.99.0.1:67 ")) return;
  }
  throw new Error(`kea-dhcp4 opened no socket: ${server.output}`);
}

describeWithPeers("prov run --target", ["kea-dhcp4", "ss"], () => {
  let lab: NetworkLab;

  beforeEach(() => {
    lab = new NetworkLab();
  });

  afterEach(async () => {
    await lab.close();
  });

  test.each([true, false])(
    "judges a real Kea on the configuration that prov config printed (registered: %s)",
    async (registered) => {
      const { headend, plant, files } = await addPlant(lab, scenario);
      const setting = ["--set", `server.registered=${registered}`];
      const printed = await lab.run(headend, process.execPath, [
        ...[prov, "config", files.scenario, "--format", "kea", "--interfaces", "serve0"],
        ...["--leases", lab.path("leases.csv"), "--boot-server", "10.99.0.1", ...setting],
      ]);
      expect(printed.status).toBe(0);
      const config = lab.path("kea-dhcp4.conf");
      writeFileSync(config, printed.output);
      const [env, ...kea] = folders(lab.directory);
      const checked = await lab.run(headend, env!, [...kea, "-t", config]);
      expect(checked.status, checked.output).toBe(0);
      // It is told of nobody but those who are registered, or of nobody at all.
      expect(printed.output.match(/"hw-address":/g) ?? []).toHaveLength(registered ? 300 : 0);

      const server = lab.start(headend, env!, [...kea, "-c", config]);
      await listens(lab, headend, server);
      const out = lab.path("out");
      const ran = await lab.run(plant, process.execPath, [
        ...[prov, "run", files.scenario, "--target", "10.99.0.1", "--out", out, ...setting],
      ]);
      expect(ran.output).toMatch(/^PASS/m);
      expect(ran.status).toBe(0);
      const result = JSON.parse(readFileSync(`${out}/result.json`, "utf8")) as RunResult;
      expect(result.safety).toMatchObject({ acknowledged: 400, malformedReplies: 0 });
    },
  );
});
