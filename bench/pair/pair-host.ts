import { readFileSync } from "node:fs";
import { Lab } from "../../lab/lab.ts";
import { loopbackNetwork } from "../../lab/lab-network.ts";
import { Population } from "../../scenarios/population/population.ts";
import { type PairHostPlan, readyText } from "./pair-host-plan.ts";

// A pair as one program that a bench starts and stops like a server: three members of etcd and two
// `prov serve`, of which the first one serves. `readyText` is its one line when the second one could.

const [planFile] = process.argv.slice(2);
const plan: PairHostPlan = JSON.parse(readFileSync(planFile!, "utf8"));
const { folder, port, serverAddress, population, registered, leaseSeconds } = plan;
const lab = await Lab.start({
  folder,
  // Heartbeats of a busy machine are late: nothing is to move because of that.
  pair: { kind: "provlab", profile: "guide", network: "loopback" },
  events: [],
  population: new Population(population),
  server: { leaseSeconds, registered },
  network: await loopbackNetwork({ access: serverAddress, port }),
  onDeath: (words) => {
    process.stderr.write(`${words}\n`);
    process.exit(1);
  },
});
// Asking the nodes for their roles would take processor time that is measured.
await lab.stopWatching();
process.once("SIGTERM", () => {
  void lab.stop().then(() => process.exit());
});
process.stdout.write(`${readyText}\n`);
