import { mkdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { systemClock } from "../base/clock.ts";
import { Patience } from "../base/patience.ts";
import type { RoleChange } from "../reports/result/failover-result.ts";
import type { NodeChoice, PairEvent, PairSide } from "../scenarios/language/pair-event.ts";
import type { PairKind, PairPlan } from "../scenarios/language/pair-section.ts";
import type { Population } from "../scenarios/population/population.ts";
import { ControlClient } from "./control-client.ts";
import { EventRunner } from "./event-runner.ts";
import { iscPair } from "./isc-pair.ts";
import { keaPair } from "./kea-pair.ts";
import { type LabNetwork, loopbackNetwork, namespaceNetwork } from "./lab-network.ts";
import { runToolInto } from "./machine/ip-command.ts";
import { LabError } from "./machine/lab-error.ts";
import { LabProcess } from "./machine/lab-process.ts";
import { removeLeftovers } from "./machine/leftovers.ts";
import { fakeTimeLibrary, takesNamespaces, takesServiceAddress } from "./needs.ts";
import { NodeDisk } from "./node-disk.ts";
import { type LabNode, performAction, setClock } from "./pair-actions.ts";
import {
  nodeIndex,
  type PairProgram,
  type PairSetUp,
  type PairSite,
  sides,
} from "./pair-set-up.ts";
import { PairWatch } from "./pair-watch.ts";
import { provlabPair } from "./provlab-pair.ts";

interface LabPlan {
  /** Everything is written below it. */
  readonly folder: string;
  readonly pair: PairPlan;
  readonly events: readonly PairEvent[];
  /** Inside the address block of the pair's network: `namespaceBlock`, or loopback's. */
  readonly population: Population;
  readonly server: Pick<PairSite, "leaseSeconds" | "registered" | "conf">;
  /** A network made before; the lab closes it. When left out, by the pair's wish and the machine's means. */
  readonly network?: LabNetwork;
  /** Called when a program ends by itself. */
  readonly onDeath?: (words: string) => void;
}

export interface PlayedDrill {
  readonly events: Awaited<ReturnType<EventRunner["finish"]>>["events"];
  readonly roles: readonly RoleChange[];
  /** Departures from the plan, in sentences. */
  readonly problems: readonly string[];
  /** Programs that ended by themselves, in sentences. */
  readonly deaths: readonly string[];
}

const setUps: Readonly<Record<PairKind, (site: PairSite) => PairSetUp>> = {
  provlab: provlabPair,
  isc: iscPair,
  kea: keaPair,
};

/**
 * Kea takes half a dozen of its heartbeats, which are ten
 * seconds apart; two dhcpd with 80,000 devices tell each other about every address twice.
 */
const READY_MS_MAX = 300_000;
/** Nothing may move for this long before the pair is in order. The guide's initdead is two minutes. */
const ORDER_QUIET_MS_MAX = 180_000;
const ORDER_LOOK_MS = 50;
const STOP_MS_MAX = 10_000;

/** A running pair with everything that it needs. */
export class Lab {
  readonly setUp: PairSetUp;
  readonly network: LabNetwork;
  readonly #folder: string;
  readonly #members: readonly LabProcess[];
  readonly #storeRelays: readonly LabProcess[];
  readonly #nodes: Readonly<Record<PairSide, LabNode>>;
  readonly #watch: PairWatch | undefined;
  readonly #runner: EventRunner;
  readonly #deaths: string[] = [];
  /** Runs however this process ends, except by SIGKILL. */
  readonly #onExit = (): void => this.#takeAway();
  #runStartMs = 0;

  private constructor(plan: LabPlan, setUp: PairSetUp, network: LabNetwork) {
    this.setUp = setUp;
    this.network = network;
    const folder = resolve(plan.folder);
    this.#folder = folder;
    const skews = plan.events.some(({ action }) => action.verb === "skewClock");
    const fills = plan.events.some(({ action }) => action.verb === "fillDisk");
    const processOf = (program: PairProgram, environment = {}): LabProcess =>
      new LabProcess(program, {
        folder,
        environment,
        wrap: (command) => network.inPlace(program.place, command),
        onDeath: (words) => {
          this.#deaths.push(words);
          plan.onDeath?.(words);
        },
      });
    this.#members = setUp.members.map((program) => processOf(program));
    this.#storeRelays = setUp.storeRelays.map((program) => processOf(program));
    const nodeOf = (side: PairSide): LabNode => {
      const program = setUp.nodes[nodeIndex[side]];
      const clockFile = skews ? join(folder, `${program.name}.clock`) : undefined;
      const process = processOf(program, clockFile === undefined ? {} : fakeClock(clockFile));
      return {
        process,
        member: this.#members[nodeIndex[side]],
        control: controlOf(setUp, process),
        disk: fills ? new NodeDisk(process.folder) : undefined,
        clockFile,
      };
    };
    this.#nodes = { a: nodeOf("a"), b: nodeOf("b") };
    const { a, b } = this.#nodes;
    if (a.control !== undefined && b.control !== undefined) {
      const [askA, askB] = [a.control, b.control];
      const ask = { a: () => askA.view(), b: () => askB.view() };
      this.#watch = new PairWatch(ask, () => systemClock.monotonicMs());
    }
    this.#runner = new EventRunner(plan.events, {
      nowMs: () => systemClock.monotonicMs(),
      nodeOf: (choice) => this.#sideOf(choice),
      perform: (action, side) => {
        const active = (): PairSide | undefined => this.#sideOf("active");
        const programs = { members: this.#members, storeRelays: this.#storeRelays };
        const stage = { network, ...programs, nodes: this.#nodes, active };
        return performAction(stage, action, side);
      },
    });
  }

  /**
   * Starts a pair and waits until node A serves and node B is ready to. Rejects with LabError, and leaves
   * nothing behind.
   */
  static async start(plan: LabPlan): Promise<Lab> {
    removeLeftovers();
    mkdirSync(plan.folder, { recursive: true });
    const network = plan.network ?? (await networkFor(plan));
    let lab: Lab | undefined;
    try {
      lab = new Lab(plan, setUpOf(plan, network), network);
      await lab.#start();
      return lab;
    } catch (error) {
      await lab?.stop();
      network.close();
      throw error;
    }
  }

  /** Both nodes: relays forward to each. */
  get servers(): readonly { readonly address: number; readonly port: number }[] {
    const { addresses, port } = this.network;
    return addresses.nodes.map(({ access }) => ({ address: access, port }));
  }

  /**
   * The files that a restart would read. In our own pair: those of the running nodes, the serving node's first.
   * In a pair of peers, both files: peers do not say which node serves, and one may know leases that the other
   * does not.
   */
  get leaseFiles(): readonly string[] {
    const { leaseFile, controlSocket } = this.setUp;
    const active = this.#sideOf("active");
    return sides
      .filter((side) => controlSocket === undefined || this.#nodes[side].process.isRunning)
      .toSorted((one, other) => Number(other === active) - Number(one === active))
      .map((side) => join(this.#nodes[side].process.folder, leaseFile.path));
  }

  /**
   * Writes the store's leases to a file in the grammar of the lease file, and returns its path. Undefined where
   * there is no store. Throws LabError when it does not answer.
   */
  exportStore(): string | undefined {
    const { storedLeases } = this.setUp;
    if (storedLeases === undefined) return undefined;
    const file = join(this.#folder, "store.leases");
    runToolInto(file, this.network.inPlace(storedLeases.place, storedLeases.command));
    return file;
  }

  /** Events count from the simulation's phases. Times are ms of the monotonic clock. */
  phaseStarts(name: string, startAtMs: number, runStartMs: number): void {
    this.#runStartMs = runStartMs;
    this.#runner.phaseStarts(name, startAtMs);
  }

  /** After the run. */
  async finish(): Promise<PlayedDrill> {
    const { events, problems } = await this.#runner.finish();
    const roles = this.#watch?.changesSince(this.#runStartMs) ?? [];
    return { events, roles, problems, deaths: this.#deaths };
  }

  /** Kills the node that serves, and waits until the other one does. Rejects with LabError when it gives up. */
  async takeOver(): Promise<void> {
    const watch = this.#watch;
    const served = watch?.active;
    if (watch === undefined || served === undefined)
      throw new LabError("no node of the pair serves");
    await this.#nodes[served].process.kill();
    const patience = new Patience(ORDER_QUIET_MS_MAX, systemClock.monotonicMs());
    while (watch.active === served) {
      if (!patience.goesOn(watch.marks, systemClock.monotonicMs())) {
        throw new LabError(`no node took over: ${watch.words}`);
      }
      await new Promise((resolve) => setTimeout(resolve, ORDER_LOOK_MS));
    }
  }

  /** Stops asking the nodes for their roles. */
  async stopWatching(): Promise<void> {
    await this.#watch?.stop();
  }

  /** Ends every program and removes everything that the lab made in the system. */
  async stop(): Promise<void> {
    await this.#runner.finish();
    await this.#watch?.stop();
    const { a, b } = this.#nodes;
    await Promise.all([a, b].map(({ process }) => process.stop(STOP_MS_MAX)));
    // Stopped members would wait for each other, and nobody needs them any more.
    await Promise.all([...this.#storeRelays, ...this.#members].map((each) => each.kill()));
    for (const { control } of [a, b]) control?.close();
    process.off("exit", this.#onExit);
    this.#takeAway();
  }

  #takeAway(): void {
    for (const side of sides) this.#nodes[side].disk?.close();
    this.network.close();
  }

  async #start(): Promise<void> {
    process.once("exit", this.#onExit);
    const nodes = sides.map((side) => this.#nodes[side]);
    const servers = nodes.map(({ process }) => process);
    const groups = [this.#members, this.#storeRelays, servers];
    for (const process of groups.flat()) process.clearFolder();
    for (const { disk, clockFile } of nodes) {
      disk?.mount();
      if (clockFile !== undefined) setClock(clockFile, 0);
    }
    for (const group of groups) {
      for (const process of group) process.writeFiles();
      for (const process of group) process.launch();
      await Promise.all(group.map((process) => process.ready(READY_MS_MAX)));
    }
    this.#watch?.start();
    await this.#inOrder();
  }

  async #inOrder(): Promise<void> {
    const watch = this.#watch;
    const patience = new Patience(ORDER_QUIET_MS_MAX, systemClock.monotonicMs());
    let isHandedOver = false;
    while (watch !== undefined && !(watch.isInOrder && watch.active === "a")) {
      // On a busy machine node B may have become active first.
      if (watch.isInOrder && !isHandedOver) {
        isHandedOver = true;
        await this.#nodes.b.control?.order("/failback");
      }
      if (this.#deaths.length > 0) throw new LabError(this.#deaths.join("\n"));
      if (!patience.goesOn(watch.marks, systemClock.monotonicMs())) {
        const seconds = ORDER_QUIET_MS_MAX / 1000;
        throw new LabError(
          `the pair is not in order, and nothing moved for ${seconds} s: ${watch.words}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, ORDER_LOOK_MS));
    }
  }

  #sideOf(choice: NodeChoice): PairSide | undefined {
    if (choice === "a" || choice === "b") return choice;
    const active = this.#watch === undefined ? this.#firstThatRuns() : this.#watch.active;
    if (active === undefined || choice === "active") return active;
    return active === "a" ? "b" : "a";
  }

  /** Peers do not say which node serves; node A does, unless an event stopped it. */
  #firstThatRuns(): PairSide | undefined {
    return sides.find((side) => {
      const { process } = this.#nodes[side];
      return process.isRunning && !process.isPaused;
    });
  }
}

function networkFor({ pair, population }: LabPlan): LabNetwork | Promise<LabNetwork> {
  const { addressBlock } = population.plan;
  return takesNamespaces(pair) && addressBlock !== undefined
    ? namespaceNetwork(addressBlock)
    : loopbackNetwork();
}

function setUpOf(
  { folder, pair, population, server, events }: LabPlan,
  network: LabNetwork,
): PairSetUp {
  const { addresses, port, accessInterface, hasNamespaces } = network;
  const site: PairSite = {
    ...{ folder, addresses, port, population, accessInterface, hasNamespaces },
    ...server,
    profile: pair.profile,
    delaysStore: events.some(({ action }) => action.verb === "slowStore"),
    serviceAddress: takesServiceAddress(pair) ? network.serviceAddress : undefined,
  };
  try {
    return setUps[pair.kind](site);
  } catch (error) {
    throw new LabError((error as Error).message, { cause: error });
  }
}

function controlOf({ controlSocket }: PairSetUp, process: LabProcess): ControlClient | undefined {
  if (controlSocket === undefined) return undefined;
  // A socket's path has room for 107 bytes, so take the shorter of its two names.
  const full = join(process.folder, controlSocket);
  const short = relative("", full);
  return new ControlClient(short.length < full.length ? short : full);
}

function fakeClock(file: string): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: fakeTimeLibrary() ?? "",
    FAKETIME_TIMESTAMP_FILE: file,
    // Only the wall clock is faked; the file is read once a second.
    ...{ DONT_FAKE_MONOTONIC: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1", NO_FAKE_STAT: "1" },
    FAKETIME_CACHE_DURATION: "1",
  };
}
