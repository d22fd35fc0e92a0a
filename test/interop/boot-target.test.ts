import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { RunResult } from "../../reports/result/run-result.ts";
import { bootAll, smallScenario } from "../small-scenario.testing.ts";
import { addPlant, describeWithPeers, inLab, type NetworkLab } from "./namespaces.testing.ts";

// Whole boots against other people's servers, each on its well-known port.

const scenario = smallScenario("peers", {
  population: {
    cableModems: 60,
    mtas: 20,
    cpes: 10,
    smartMeters: 20,
    cmtsCount: 3,
    addressBlock: "10.64.0.0/16",
  },
  boot: {
    tftp: { firstRetry: "500 ms", maxRetry: "1 s", triesMax: 3, roundsMax: 1 },
    reboot: { firstDelay: "500 ms", maxDelay: "1 s", bootsMax: 2 },
  },
  phases: [bootAll(100)],
});

describeWithPeers(
  "prov run with boots against dhcpd, tftpd-hpa and chronyd",
  ["dhcpd", "in.tftpd", "chronyd"],
  () => {
    /** Serves the boot chain in the headend, and files as `prov config` makes them for `seed`. */
    async function startPeers(lab: NetworkLab, seed: number) {
      const plant = await addPlant(lab, scenario, seed);
      const dhcpd = lab.start(plant.headend, "dhcpd", plant.serverArguments);
      await dhcpd.waitFor(/Server starting service\./);
      lab.start(plant.headend, "in.tftpd", [
        ...["-L", "-s", "-a", "10.99.0.1:69", "-u", "root", plant.files.tftp],
      ]);
      const chrony = lab.path("chrony.conf");
      const pid = `pidfile ${lab.path("chronyd.pid")}`;
      const lines = [
        "local stratum 10",
        "allow 10.64.0.0/16",
        "cmdport 0",
        "bindcmdaddress /",
        pid,
      ];
      writeFileSync(chrony, `${lines.join("\n")}\n`);
      // -x: the clock of this machine is not ours to set.
      const chronyd = lab.start(plant.headend, "chronyd", ["-d", "-x", "-u", "root", "-f", chrony]);
      await chronyd.waitFor(/chronyd version/);
      return plant;
    }

    async function runAgainst(
      lab: NetworkLab,
      plant: { plant: string; files: { scenario: string } },
    ) {
      const { prov, out } = {
        prov: join(import.meta.dirname, "../../dist/cli/main.js"),
        out: lab.path("out"),
      };
      const ran = await lab.run(plant.plant, process.execPath, [
        ...[prov, "run", plant.files.scenario, "--target", "10.99.0.1", "--out", out],
      ]);
      const result = JSON.parse(readFileSync(join(out, "result.json"), "utf8")) as RunResult;
      return { ran, result };
    }

    test.concurrent("brings every device on line, every file right, and says what nobody answered", () =>
      inLab(async (lab) => {
        const { ran, result } = await runAgainst(lab, await startPeers(lab, 1));
        expect(ran.output).toMatch(/^PASS/m);
        const boot = result.phases[0].boot!;
        expect(boot.timeToOnlineMs["all"].count).toBe(110);
        expect(boot.downloads).toMatchObject({ files: 100, verified: 100, contentsChecked: 80 });
        expect(boot.failures).toEqual([]);
        // Nobody serves RFC 868 here: a modem goes on without (TIME-5), a meter has its NTP.
        const passedOver = boot.steps.filter((step) => step.passedOver > 0);
        expect(passedOver).toMatchObject([{ kind: "cable-modem", step: "time", passedOver: 60 }]);
      }));

    test.concurrent("tells a file that is another one than expected, and who gave up for it", () =>
      inLab(async (lab) => {
        const { ran, result } = await runAgainst(lab, await startPeers(lab, 2));
        expect(ran.status).toBe(99);
        expect(result.reasons[0]).toContain("20 devices gave up before they were on line");
        const { failures, downloads } = result.phases[0].boot!;
        // The meters' image depends on the seed; the other files do not.
        expect(failures).toMatchObject([
          { kind: "smart-meter", step: "tftp", problem: "wrong-hash", boots: 20, devices: 20 },
        ]);
        expect(downloads.failedAttempts).toEqual({ "wrong-hash": 40 });
        expect(downloads.verified).toBe(80);
      }));
  },
);
