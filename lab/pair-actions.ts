import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../base/clock.ts";
import type { PairAction, PairSide } from "../scenarios/language/pair-event.ts";
import type { ControlClient } from "./control-client.ts";
import { type Cut, gatewayCuts, linkCuts, storeCuts } from "./cuts.ts";
import type { Performed } from "./event-runner.ts";
import type { LabNetwork } from "./lab-network.ts";
import { LabError, ToldToEnd } from "./machine/lab-error.ts";
import type { LabProcess } from "./machine/lab-process.ts";
import type { NodeDisk } from "./node-disk.ts";
import { storeDelayFile } from "./pair-set-up.ts";
import { slowSyncs } from "./slow-disk.ts";

/** The pair and its network, which actions change. */
export interface ActionStage {
  readonly network: LabNetwork;
  readonly members: readonly LabProcess[];
  /** A relay before each member; none in a run without the event that needs them. */
  readonly storeRelays: readonly LabProcess[];
  readonly nodes: Readonly<Record<PairSide, LabNode>>;
  /** The node that serves. */
  readonly active: () => PairSide | undefined;
}

export interface LabNode {
  readonly process: LabProcess;
  /** The store's member beside it, if there is one. */
  readonly member: LabProcess | undefined;
  readonly control: ControlClient | undefined;
  readonly disk: NodeDisk | undefined;
  /** libfaketime reads its offset there, in seconds with a sign; undefined where clocks are right. */
  readonly clockFile: string | undefined;
}

/** Time for a node to shut down cleanly. */
const STOP_MS_MAX = 20_000;
/** A hundred times what a start takes on a quiet machine. */
const READY_MS_MAX = 300_000;

/** Performs one action on the pair. Rejects with LabError when it cannot. */
export async function performAction(
  stage: ActionStage,
  action: PairAction,
  side: PairSide | undefined,
): Promise<Performed> {
  switch (action.verb) {
    case "kill":
      return await killProcess(nodeAt(stage, side).process);
    case "killStore":
      return await killProcess(memberAt(stage, action.member));
    case "pause":
      return pauseProcess(nodeAt(stage, side).process);
    case "pauseStore":
      return pauseProcess(memberAt(stage, action.member));
    case "stop":
      return await stopProcess(nodeAt(stage, side).process);
    case "start":
      return await startProcess(nodeAt(stage, side).process);
    case "cutLink":
      return cutAll(stage, linkCuts(action, stage.network.addresses));
    case "cutStore":
      return cutAll(stage, storeCuts(action, known(side), stage.network.addresses));
    case "breakGateway":
      return cutAll(stage, gatewayCuts(known(side), stage.network.addresses));
    case "fillDisk": {
      const disk = had(nodeAt(stage, side).disk, "a disk of its own");
      disk.fill();
      return { undo: () => disk.empty() };
    }
    case "slowDisk":
      return await slowDisk(nodeAt(stage, side), action.byMs);
    case "slowStore":
      return slowStore(stage, action.byMs);
    case "skewClock":
      return skewClock(had(nodeAt(stage, side).clockFile, "a clock of its own"), action);
    case "failback":
      return await order(nodeAt(stage, stage.active()), "/failback");
    case "cleanUp":
      return await order(nodeAt(stage, side), "/clean-up");
  }
}

function nodeAt({ nodes }: ActionStage, side: PairSide | undefined): LabNode {
  return nodes[known(side)];
}

function known(side: PairSide | undefined): PairSide {
  return had(side, "a node that serves");
}

function memberAt({ members }: ActionStage, number: number): LabProcess {
  return had(members[number - 1], `a member ${number} of the store`);
}

function had<Thing>(thing: Thing | undefined, what: string): Thing {
  if (thing === undefined) throw new LabError(`the pair does not have ${what}`);
  return thing;
}

async function killProcess(process: LabProcess): Promise<Performed> {
  if (!process.isRunning) throw new LabError(`${process.program.name} does not run`);
  await process.kill();
  return { undo: async () => void (await startProcess(process)) };
}

function pauseProcess(process: LabProcess): Performed {
  if (!process.isRunning) throw new LabError(`${process.program.name} does not run`);
  process.pause();
  return { undo: () => process.resume() };
}

async function stopProcess(process: LabProcess): Promise<Performed> {
  if (!process.isRunning) throw new LabError(`${process.program.name} does not run`);
  const startMs = systemClock.monotonicMs();
  const isInTime = await process.stop(STOP_MS_MAX);
  const took = `${Math.round(systemClock.monotonicMs() - startMs)} ms`;
  return {
    outcome: isInTime ? `ended after ${took}` : `had to be killed after ${took}`,
    undo: async () => void (await startProcess(process)),
    isLong: true,
  };
}

async function startProcess(process: LabProcess): Promise<Performed> {
  if (process.isRunning) throw new LabError(`${process.program.name} runs already`);
  process.launch();
  try {
    await process.ready(READY_MS_MAX);
  } catch (error) {
    // Another event may end a program that is still coming up.
    if (error instanceof ToldToEnd) return { outcome: error.message, isLong: true };
    throw error;
  }
  return { outcome: "ready", isLong: true };
}

function cutAll({ network }: ActionStage, cuts: readonly Cut[]): Performed {
  for (const cut of cuts) network.cut(cut);
  return {
    undo: () => {
      for (const cut of cuts) network.heal(cut);
    },
  };
}

async function slowDisk({ process, member }: LabNode, delayMs: number): Promise<Performed> {
  const pids = [process.pid, member?.pid].filter((pid) => pid !== undefined);
  return { undo: await slowSyncs(pids, delayMs) };
}

type ClockSkew = Extract<PairAction, { verb: "skewClock" }>;

function skewClock(file: string, { byMs, direction }: ClockSkew): Performed {
  setClock(file, direction === "ahead" ? byMs : -byMs);
  return { undo: () => setClock(file, 0) };
}

export function setClock(file: string, offsetMs: number): void {
  replaceFile(file, clockOffset(offsetMs));
}

function slowStore({ storeRelays }: ActionStage, byMs: number): Performed {
  const delay = (ms: number): void => {
    for (const { folder } of storeRelays) replaceFile(join(folder, storeDelayFile), `${ms}\n`);
  };
  delay(byMs);
  return { undo: () => delay(0) };
}

/** At once, so that its reader never finds it empty: libfaketime would end its node. */
function replaceFile(file: string, text: string): void {
  const part = `${file}.part`;
  writeFileSync(part, text);
  renameSync(part, file);
}

/** As libfaketime reads it: `+30`, `-0.5`. */
export function clockOffset(ms: number): string {
  return `${ms < 0 ? "-" : "+"}${Math.abs(ms) / 1000}\n`;
}

async function order(
  { control }: LabNode,
  path: Parameters<ControlClient["order"]>[0],
): Promise<Performed> {
  return { outcome: await had(control, "a control socket").order(path), isLong: true };
}
