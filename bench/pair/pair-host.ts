import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ControlClient } from "../../lab/control-client.ts";
import { LabProcess } from "../../lab/machine/lab-process.ts";
import type { PairSetUp } from "../../lab/pair-set-up.ts";
import { provlabPair } from "../../lab/provlab-pair.ts";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { Population } from "../../scenarios/population/population.ts";
import { type PairHostPlan, readyText } from "./pair-host-plan.ts";

// A pair as one program that a bench starts and stops like a server: three members of etcd and two
// `prov serve`, of which the first one serves. `readyText` is its one line when the second one could.

const READY_MS_MAX = 50_000;
const ORDER_LOOK_MS = 100;
const STOP_MS_MAX = 10_000;

const [planFile] = process.argv.slice(2);
const plan: PairHostPlan = JSON.parse(readFileSync(planFile!, "utf8"));
const setUp = setUpOf(plan);
const [members, nodes] = [setUp.members, setUp.nodes].map((programs) =>
  programs.map(
    (program) =>
      new LabProcess(program, {
        folder: plan.folder,
        environment: {},
        wrap: (command) => command,
        onDeath: (words) => fail(words),
      }),
  ),
) as [LabProcess[], LabProcess[]];

process.once("SIGTERM", () => {
  void stop().then(() => process.exit());
});
for (const group of [members, nodes]) {
  for (const each of group) {
    each.clearFolder();
    each.writeFiles();
    each.launch();
  }
  await Promise.all(group.map((each) => each.ready(READY_MS_MAX)));
}
await inOrder();
process.stdout.write(`${readyText}\n`);

function setUpOf({
  folder,
  port,
  serverAddress,
  population,
  registered,
  leaseSeconds,
}: PairHostPlan): PairSetUp {
  const local = (text: string): number => parseIpv4(text)!;
  return provlabPair({
    ...{ folder, port, leaseSeconds, registered, accessInterface: "lo", hasNamespaces: false },
    // Heartbeats of a busy machine are late: nothing is to move because of that.
    profile: "guide",
    population: new Population(population),
    addresses: {
      nodes: [
        {
          access: serverAddress,
          links: [local("127.0.31.2"), local("127.0.31.3")],
          store: local("127.0.31.4"),
        },
        {
          access: local("127.0.32.1"),
          links: [local("127.0.32.2"), local("127.0.32.3")],
          store: local("127.0.32.4"),
        },
      ],
      witnessStore: local("127.0.33.4"),
      gateway: undefined,
    },
  });
}

/** Waits until the first node serves and the second one has everything. */
async function inOrder(): Promise<void> {
  const controls = nodes.map(({ folder }) => new ControlClient(join(folder, setUp.controlSocket!)));
  const isAsWanted = async (): Promise<boolean> => {
    const views = await Promise.all(controls.map((control) => control.view()));
    return views.every(
      (view, index) =>
        typeof view === "object" &&
        view.isInSync &&
        view.role === (index === 0 ? "active" : "standby"),
    );
  };
  while (!(await isAsWanted())) await sleep(ORDER_LOOK_MS);
  for (const control of controls) control.close();
}

async function stop(): Promise<void> {
  await Promise.all(nodes.map((node) => node.stop(STOP_MS_MAX)));
  await Promise.all(members.map((member) => member.kill()));
}

function fail(words: string): void {
  process.stderr.write(`${words}\n`);
  process.exit(1);
}
