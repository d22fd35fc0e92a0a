import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunResult } from "../../reports/run-result.ts";
import { describeWithPeers, ip, NetworkLab } from "./namespaces.testing.ts";

const prov = resolve(import.meta.dirname, "../../dist/cli/main.js");

// A network outside 127/8, so that a server which insists on a real interface can serve it.
const scenario = `schema: provlab/scenario@1
name: peer
population:
  cableModems: 60
  mtas: 20
  cpes: 20
  smartMeters: 20
  cmtsCount: 3
  addressBlock: 10.64.0.0/16
generator:
  slipMsP99Max: 1000 # A busy machine that runs tests is no bench.
phases:
  - name: connect
    streams: [{ exchange: discover, ratePerSecond: 100 }]
    until: all-bound
    timeLimit: 30 s
  - name: renew
    streams: [{ exchange: renew, ratePerSecond: 50 }]
    duration: 2 s
thresholds:
  - connect.discover.completed == 120
  - renew.renew.completed == 100
`;

describeWithPeers("prov run --target", ["dhcpd"], () => {
  let lab: NetworkLab;

  beforeEach(() => {
    lab = new NetworkLab();
  });

  afterEach(async () => {
    await lab.close();
  });

  test("judges a real ISC dhcpd on the configuration that prov config printed", async () => {
    const serverSide = lab.addNamespace("server");
    const simulator = lab.addNamespace("simulator");
    lab.link(
      ...([serverSide, { interfaceName: "serve0", address: "10.99.0.1/24" }] as const),
      ...([simulator, { interfaceName: "load0", address: "10.99.0.2/24" }] as const),
    );
    // All CMTSs and devices live on the simulator's side.
    ip("-n", simulator, "route", "add", "local", "10.64.0.0/16", "dev", "lo");
    ip("-n", serverSide, "route", "add", "10.64.0.0/16", "via", "10.99.0.2");

    writeFileSync(lab.path("peer.yaml"), scenario);
    const printed = await lab.run(serverSide, process.execPath, [
      ...[prov, "config", lab.path("peer.yaml"), "--server-subnet", "10.99.0.0/24"],
    ]);
    expect(printed.status, printed.output).toBe(0);
    writeFileSync(lab.path("dhcpd.conf"), printed.output);
    writeFileSync(lab.path("dhcpd.leases"), "");
    const server = lab.start(serverSide, "dhcpd", [
      ...["-4", "-f", "-d", "-cf", lab.path("dhcpd.conf"), "-lf", lab.path("dhcpd.leases")],
      ...["-pf", lab.path("dhcpd.pid"), "serve0"],
    ]);
    await server.waitFor(/Server starting service\./);

    const out = lab.path("out");
    const ran = await lab.run(simulator, process.execPath, [
      ...[prov, "run", lab.path("peer.yaml"), "--target", "10.99.0.1", "--out", out],
    ]);
    expect(ran.output).toMatch(/^PASS/m);
    expect(ran.status).toBe(0);
    const result = JSON.parse(readFileSync(`${out}/result.json`, "utf8")) as RunResult;
    expect(result.target).toEqual({ kind: "external", address: "10.99.0.1", port: 67 });
    expect(result.environment.durability).toBe("unknown");
    expect(result.safety).toMatchObject({ acknowledged: 220, audit: "lease file out of reach" });
  });
});
