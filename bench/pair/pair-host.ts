import { readFileSync } from "node:fs";
import { Lab } from "../../lab/lab.ts";
import { loopbackNetwork } from "../../lab/lab-network.ts";
import { Population } from "../../scenarios/population/population.ts";
import { bareDhcpdConf } from "../contenders/bare-dhcpd-conf.ts";
import { type PairHostPlan, readyText } from "./pair-host-plan.ts";

// A pair as one program that a bench starts and stops like a server: three members of etcd and two `prov serve`.
// The first one serves, or the second one after the first was killed. `readyText` is its one line.

const [planFile] = process.argv.slice(2);
const plan: PairHostPlan = JSON.parse(readFileSync(planFile!, "utf8"));
const { folder, port, measured, serverAddress, population, workload, leaseSeconds } = plan;
const lab = await Lab.start({
  folder,
  // Heartbeats of a busy machine are late: nothing is to move because of that.
  pair: { kind: "provlab", profile: "guide", network: "loopback" },
  events: [],
  population: new Population(population),
  server: { leaseSeconds, ...(workload === "bare" && { conf: bareDhcpdConf }) },
  network: await loopbackNetwork({ access: { [measured]: serverAddress }, port }),
  onDeath: (words) => {
    process.stderr.write(`${words}\n`);
    process.exit(1);
  },
});
if (measured === "b") await lab.takeOver();
// Asking the nodes for their roles would take processor time that is measured.
await lab.stopWatching();
process.once("SIGTERM", () => {
  void lab.stop().then(() => process.exit());
});
process.stdout.write(`${readyText}\n`);
