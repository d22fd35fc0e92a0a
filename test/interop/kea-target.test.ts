import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { RunResult } from "../../reports/result/run-result.ts";
import { prov } from "../prov-command.testing.ts";
import { connect, renew, smallScenario } from "../small-scenario.testing.ts";
import { keaPrograms, startKea } from "./kea.testing.ts";
import { addPlant, describeWithPeers, inLab } from "./namespaces.testing.ts";

const scenario = smallScenario("kea", {
  population: {
    cableModems: 150,
    mtas: 60,
    cpes: 50,
    smartMeters: 40,
    cmtsCount: 3,
    addressBlock: "10.64.0.0/16",
  },
  phases: [connect(100), renew(50, 2)],
  thresholds: [
    "connect.discover.completed == 300",
    "connect.discover.naks == 0",
    "renew.renew.completed == 100",
  ],
});

describeWithPeers("prov run --target", keaPrograms, () => {
  test.concurrent.each([true, false])(
    "judges a real Kea on the configuration that prov config printed (registered: %s)",
    (registered) =>
      inLab(async (lab) => {
        const { headend, plant, files } = await addPlant(lab, scenario);
        const setting = ["--set", `server.registered=${registered}`];
        const printed = await lab.run(headend, process.execPath, [
          ...[prov, "config", files.scenario, "--format", "kea", "--interfaces", "serve0"],
          ...["--leases", lab.path("leases.csv"), "--boot-server", "10.99.0.1", ...setting],
        ]);
        expect(printed.status).toBe(0);
        // It is told of nobody but those who are registered, or of nobody at all.
        expect(printed.output.match(/"hw-address":/g) ?? []).toHaveLength(registered ? 300 : 0);

        await startKea(lab, { namespace: headend, address: "10.99.0.1", config: printed.output });
        const out = lab.path("out");
        const ran = await lab.run(plant, process.execPath, [
          ...[prov, "run", files.scenario, "--target", "10.99.0.1", "--out", out, ...setting],
        ]);
        expect(ran.output).toMatch(/^PASS/m);
        expect(ran.status).toBe(0);
        const result = JSON.parse(readFileSync(`${out}/result.json`, "utf8")) as RunResult;
        expect(result.safety).toMatchObject({ acknowledged: 400, malformedReplies: 0 });
      }),
  );
});
