import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunResult } from "../../reports/result/run-result.ts";
import { prov } from "../prov-command.testing.ts";
import { connect, renew, smallScenario } from "../small-scenario.testing.ts";
import { addPlant, describeWithPeers, NetworkLab } from "./namespaces.testing.ts";

// A network outside 127/8, so that a server which insists on a real interface can serve it.
const scenario = smallScenario("peer", {
  population: {
    cableModems: 60,
    mtas: 20,
    cpes: 20,
    smartMeters: 20,
    cmtsCount: 3,
    addressBlock: "10.64.0.0/16",
  },
  phases: [connect(100), renew(50, 2)],
  thresholds: ["connect.discover.completed == 120", "renew.renew.completed == 100"],
});

describeWithPeers("prov run --target", ["dhcpd"], () => {
  let lab: NetworkLab;

  beforeEach(() => {
    lab = new NetworkLab();
  });

  afterEach(async () => {
    await lab.close();
  });

  test("judges a real ISC dhcpd on the configuration that prov config printed", async () => {
    const { headend, plant, files, serverArguments } = await addPlant(lab, scenario);
    const server = lab.start(headend, "dhcpd", serverArguments);
    await server.waitFor(/Server starting service\./);

    const out = lab.path("out");
    const ran = await lab.run(plant, process.execPath, [
      ...[prov, "run", files.scenario, "--target", "10.99.0.1", "--out", out],
    ]);
    expect(ran.output).toMatch(/^PASS/m);
    expect(ran.status).toBe(0);
    const result = JSON.parse(readFileSync(`${out}/result.json`, "utf8")) as RunResult;
    expect(result.target).toEqual({ kind: "external", address: "10.99.0.1", port: 67 });
    expect(result.environment.durability).toBe("unknown");
    expect(result.safety).toMatchObject({ acknowledged: 220, audit: "lease file out of reach" });
  });
});
