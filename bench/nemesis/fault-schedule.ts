import { Prng } from "../../base/prng.ts";
import {
  linkDirections,
  type PairVerb,
  storeDirections,
} from "../../scenarios/language/pair-event.ts";

/** One thing that is done to the pair. Times are ms, counted from the start of the faults. */
export interface Fault {
  readonly verb: PairVerb;
  /** The verb's value in a scenario file. */
  readonly value: unknown;
  readonly atMs: number;
  /** It is healed after this time; undefined for an order, which leaves nothing to heal. */
  readonly forMs: number | undefined;
}

/** Every fault is healed by then. */
export const FAULTS_MS = 10_000;
const FAULTS_MIN = 2;
const FAULTS_MAX = 6;
const FIRST_AT_MS = 500;
const LAST_AT_MS = FAULTS_MS - 1500;
/** Some are shorter than the dead time of the profile `fast`, some longer than etcd keeps a dead leader's lease. */
const FOR_MS = { min: 150, max: 7000 } as const;
/** A program that was started again is left alone until it can have come up. */
const APART_MS = 2500;
/** So near to the start or the end of another fault that the two meet halfway. */
const NEAR_MS = 600;
const TRIES_MAX = 100;
/** A stream of the random numbers of its own. */
const STREAM = 0x6e_656d;

const sides = ["a", "b"] as const;
/** The node that serves is chosen most often: most is decided there. */
const choices = ["a", "b", "active", "active"] as const;
const members = [1, 2, 3] as const;

interface Drawn {
  readonly value: unknown;
  /** Things that it needs for itself: two faults on one of them at once cannot be played. */
  readonly takes: readonly string[];
}

interface FaultKind {
  readonly verb: PairVerb;
  readonly weight: number;
  readonly isOrder: boolean;
  readonly draw: (prng: Prng) => Drawn;
}

const pick = <Value>(prng: Prng, values: readonly Value[]): Value =>
  values[prng.nextBelow(values.length)];

const nodesOf = (node: (typeof choices)[number]) => (node === "active" ? sides : [node]);

const memberBeside = { a: 1, b: 2 } as const;

function nodeFault(verb: PairVerb, weight: number, isOrder = false): FaultKind {
  return {
    ...{ verb, weight, isOrder },
    draw: (prng) => {
      const node = pick(prng, isOrder ? sides : choices);
      return { value: node, takes: isOrder ? [] : nodesOf(node).map((side) => `node ${side}`) };
    },
  };
}

function memberFault(verb: PairVerb, weight: number): FaultKind {
  return {
    ...{ verb, weight, isOrder: false },
    draw: (prng) => {
      const member = pick(prng, members);
      return { value: member, takes: [`member ${member}`] };
    },
  };
}

/** What the nemesis does, and how often in comparison. */
const kinds: readonly FaultKind[] = [
  nodeFault("kill", 4),
  nodeFault("pause", 4),
  nodeFault("stop", 2),
  memberFault("killStore", 2),
  memberFault("pauseStore", 2),
  {
    ...{ verb: "cutLink", weight: 4, isOrder: false },
    draw: (prng) => {
      const direction = pick(prng, linkDirections);
      const link = pick(prng, [undefined, undefined, 1, 2]);
      return { value: { ...(link === undefined ? {} : { link }), direction }, takes: [] };
    },
  },
  {
    ...{ verb: "cutStore", weight: 3, isOrder: false },
    draw: (prng) => {
      const value = { node: pick(prng, choices), direction: pick(prng, storeDirections) };
      return { value, takes: [] };
    },
  },
  {
    ...{ verb: "breakGateway", weight: 2, isOrder: false },
    draw: (prng) => ({ value: pick(prng, choices), takes: [] }),
  },
  // A node may refuse to start again on a full disk.
  nodeFault("fillDisk", 1),
  {
    ...{ verb: "slowDisk", weight: 1, isOrder: false },
    draw: (prng) => {
      const node = pick(prng, sides);
      const takes = [`node ${node}`, `member ${memberBeside[node]}`];
      return { value: { node, by: `${pick(prng, [20, 100, 500])} ms` }, takes };
    },
  },
  {
    ...{ verb: "skewClock", weight: 2, isOrder: false },
    draw: (prng) => {
      const node = pick(prng, sides);
      const other = node === "a" ? "b" : "a";
      const by = pick(prng, ["500 ms", "2 s", "10 min", "12 h"]);
      const direction = pick(prng, ["ahead", "behind"]);
      // A node that starts alone has only its own clock. Leases that it gives while that is behind end too early
      // once the clock is right again. So the other node is left running.
      const takes = [`clock ${node}`, ...(direction === "behind" ? [`node ${other}`] : [])];
      return { value: { node, by, direction }, takes };
    },
  },
  {
    ...{ verb: "failback", weight: 3, isOrder: true },
    draw: () => ({ value: true, takes: [] }),
  },
  nodeFault("cleanUp", 1, true),
];

/** Everything that the nemesis can do. */
export const nemesisVerbs: readonly PairVerb[] = kinds.map(({ verb }) => verb);

/** An order may be refused while something is broken; a fault that was not played is a mistake of the lab. */
export const orderVerbs: readonly PairVerb[] = kinds
  .filter(({ isOrder }) => isOrder)
  .map(({ verb }) => verb);

interface Placed {
  readonly fault: Fault;
  readonly takes: readonly string[];
}

/**
 * Two to six faults at random out of `verbs`, in the order of their start. They overlap, and every second
 * one is put near to the start or the end of another. The same seed and verbs give the same schedule.
 * Throws RangeError when `verbs` has no fault in it.
 */
export function faultSchedule(seed: number, verbs: readonly PairVerb[]): readonly Fault[] {
  const known = kinds.filter(({ verb }) => verbs.includes(verb));
  if (known.every(({ isOrder }) => isOrder)) throw new RangeError("there is no fault to draw");
  const prng = new Prng(seed, STREAM);
  const wanted = FAULTS_MIN + prng.nextBelow(FAULTS_MAX - FAULTS_MIN + 1);
  const placed: Placed[] = [];
  for (let tries = 0; placed.length < wanted && tries < TRIES_MAX; tries += 1) {
    const drawn = drawFault(prng, known, placed);
    if (placed.every((other) => goTogether(other, drawn))) placed.push(drawn);
  }
  return placed.map(({ fault }) => fault).toSorted((one, other) => one.atMs - other.atMs);
}

function drawFault(prng: Prng, known: readonly FaultKind[], placed: readonly Placed[]): Placed {
  const { verb, isOrder, draw } = pickWeighted(prng, known);
  const { value, takes } = draw(prng);
  const atMs = drawAtMs(prng, placed);
  if (isOrder) return { fault: { verb, value, atMs, forMs: undefined }, takes };
  // As many below a second as above: something is decided at both ends.
  const span = Math.log(FOR_MS.max / FOR_MS.min);
  const drawnMs = Math.round(FOR_MS.min * Math.exp(span * prng.nextFloat()));
  return { fault: { verb, value, atMs, forMs: Math.min(drawnMs, FAULTS_MS - atMs) }, takes };
}

function pickWeighted(prng: Prng, known: readonly FaultKind[]): FaultKind {
  let left = prng.nextBelow(known.reduce((sum, { weight }) => sum + weight, 0));
  return known.find(({ weight }) => {
    left -= weight;
    return left < 0;
  })!;
}

function drawAtMs(prng: Prng, placed: readonly Placed[]): number {
  const anywhereMs = FIRST_AT_MS + prng.nextBelow(LAST_AT_MS - FIRST_AT_MS + 1);
  if (placed.length === 0 || prng.nextBelow(2) === 0) return anywhereMs;
  const { atMs, forMs = 0 } = pick(prng, placed).fault;
  const edgeMs = pick(prng, [atMs, atMs + forMs]);
  const nearMs = edgeMs - NEAR_MS + prng.nextBelow(2 * NEAR_MS + 1);
  return Math.min(LAST_AT_MS, Math.max(FIRST_AT_MS, nearMs));
}

function goTogether(one: Placed, other: Placed): boolean {
  if (!one.takes.some((thing) => other.takes.includes(thing))) return true;
  const [first, second] =
    one.fault.atMs <= other.fault.atMs ? [one.fault, other.fault] : [other.fault, one.fault];
  return second.atMs >= first.atMs + (first.forMs ?? 0) + APART_MS;
}
