import type { RoleChange } from "../reports/result/failover-result.ts";
import type { PairSide } from "../scenarios/language/pair-event.ts";
import type { NodeView } from "./control-client.ts";
import { sides } from "./pair-set-up.ts";

const LOOK_MS = 50;
const CHANGES_MAX = 10_000;

type NodeAnswer = NodeView | "silent" | "down";
export type AskNode = () => Promise<NodeAnswer>;

interface Seen {
  readonly atMs: number;
  readonly node: PairSide;
  readonly role: string;
  readonly epoch: number;
}

/** Polls both nodes for their roles, each without waiting for the other. */
export class PairWatch {
  readonly #ask: Readonly<Record<PairSide, AskNode>>;
  readonly #nowMs: () => number;
  readonly #views: Partial<Record<PairSide, NodeAnswer>> = {};
  readonly #seen: Seen[] = [];
  #lastActive: PairSide | undefined;
  #epochMax = 0;
  #isOver = false;
  #watching: Promise<unknown> | undefined;

  constructor(ask: Readonly<Record<PairSide, AskNode>>, nowMs: () => number) {
    this.#ask = ask;
    this.#nowMs = nowMs;
  }

  start(): void {
    this.#watching = Promise.all([this.#follow("a"), this.#follow("b")]);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#watching;
  }

  /** The node that serves, or the last one that did; undefined before the first. */
  get active(): PairSide | undefined {
    return this.#lastActive;
  }

  /** One node serves, and the other one could at once. */
  get isInOrder(): boolean {
    const views = [this.#views.a, this.#views.b];
    const known = views.filter((view) => view !== undefined && typeof view !== "string");
    const roles = known.map(({ role }) => role);
    return (
      roles.includes("active") &&
      roles.includes("standby") &&
      known.every(({ isInSync }) => isInSync)
    );
  }

  /** How far both are on the way to a pair in order, for Patience. */
  get marks(): readonly number[] {
    return sides.flatMap((side) => {
      const view = this.#views[side];
      if (view === undefined || typeof view === "string") return [0, 0, 0, 0];
      const { role, isInSync, leasesRead = 0 } = view;
      const isUp = role === "standby" || role === "active";
      return [1, isUp ? 1 : 0, isInSync ? 1 : 0, leasesRead];
    });
  }

  /** The latest answers of the nodes, in words. */
  get words(): string {
    return sides
      .map((side) => {
        const view = this.#views[side] ?? "not asked yet";
        if (typeof view === "string") return `node ${side} is ${view}`;
        const sync = view.isInSync ? "" : " and not in sync";
        const read = view.leasesRead === undefined ? "" : ` (${view.leasesRead} leases read)`;
        return `node ${side} is ${view.role}${sync}${read}`;
      })
      .join(", ");
  }

  /** Changes since a moment of the same clock. The roles at that moment come first, at 0. */
  changesSince(startMs: number): readonly RoleChange[] {
    const before = this.#seen.filter(({ atMs }) => atMs <= startMs);
    const initial = sides.flatMap((side) => {
      const last = before.findLast(({ node }) => node === side);
      return last === undefined ? [] : [{ ...last, atMs: 0 }];
    });
    const later = this.#seen.filter(({ atMs }) => atMs > startMs);
    return [...initial, ...later.map((each) => ({ ...each, atMs: each.atMs - startMs }))];
  }

  async #follow(side: PairSide): Promise<void> {
    while (!this.#isOver) {
      const view = await this.#ask[side]();
      this.#take(side, view);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  #take(node: PairSide, view: NodeAnswer): void {
    this.#views[node] = view;
    const last = this.#seen.findLast((seen) => seen.node === node);
    const role = typeof view === "string" ? view : view.role;
    const epoch = epochOf(view) ?? last?.epoch ?? 0;
    this.#epochMax = Math.max(this.#epochMax, epoch);
    // A former active node that was paused does not know yet that it is standby.
    if (role === "active" && epoch === this.#epochMax) this.#lastActive = node;
    if ((last?.role === role && last.epoch === epoch) || this.#seen.length >= CHANGES_MAX) return;
    this.#seen.push({ atMs: this.#nowMs(), node, role, epoch });
  }
}

/** Undefined for a node that does not answer, or that is active and has just heard of its successor's epoch. */
function epochOf(view: NodeAnswer): number | undefined {
  if (typeof view === "string") return undefined;
  return view.role === "active" && !view.isLeader ? undefined : view.epoch;
}
