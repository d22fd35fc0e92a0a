import type { ExecutedEvent } from "../reports/result/failover-result.ts";
import {
  actionText,
  type NodeChoice,
  type PairAction,
  type PairEvent,
  type PairSide,
} from "../scenarios/language/pair-event.ts";

/** The outcome of an action. */
export interface Performed {
  readonly outcome?: string;
  /** Heals a fault. */
  readonly undo?: () => Promise<void> | void;
  /** It took so long that the report has its end, too. */
  readonly isLong?: boolean;
}

interface EventStage {
  /** On the clock of the run's schedule, in ms. */
  readonly nowMs: () => number;
  /** The node that the choice means now; undefined when there is none. */
  readonly nodeOf: (choice: NodeChoice) => PairSide | undefined;
  /** Rejects with an Error that says what failed. `side` is the node of an action that has one. */
  readonly perform: (action: PairAction, side: PairSide | undefined) => Promise<Performed>;
}

interface PlayedEvents {
  /** By start. Times are ms since the run began. */
  readonly events: readonly ExecutedEvent[];
  /** In sentences: events whose moment did not come, and events that failed. */
  readonly problems: readonly string[];
}

/** Plays a timeline of events during the simulation. */
export class EventRunner {
  readonly #stage: EventStage;
  readonly #waiting: Set<PairEvent>;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #played: ExecutedEvent[] = [];
  readonly #problems: string[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #whenOver: (() => void)[] = [];
  #runStartMs: number | undefined;
  #isOver = false;

  constructor(events: readonly PairEvent[], stage: EventStage) {
    this.#stage = stage;
    this.#waiting = new Set(events);
  }

  /** Schedules the events that count from this phase and, at the first phase, from the start of the run. */
  phaseStarts(name: string, startAtMs: number): void {
    const isFirst = this.#runStartMs === undefined;
    this.#runStartMs ??= startAtMs;
    for (const event of this.#waiting) {
      const { moment } = event;
      if (moment.kind === "run" && isFirst) this.#set(event, startAtMs + moment.atMs);
      if (moment.kind === "phase" && moment.phase === name) {
        this.#set(event, startAtMs + moment.afterMs);
      }
    }
  }

  /**
   * After the run: no further event begins, and lasting faults are not healed. Waits for events that are
   * still under way.
   */
  async finish(): Promise<PlayedEvents> {
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const give of this.#whenOver) give();
    // Each action has a limit of its own.
    await Promise.all(this.#underWay);
    const unplayed = [...this.#waiting].map(
      ({ name }) => `Event ${name} was not played: the run was over before its moment.`,
    );
    const events = this.#played.toSorted((one, other) => one.startedAtMs - other.startedAtMs);
    return { events, problems: [...this.#problems, ...unplayed] };
  }

  #set(event: PairEvent, atMs: number): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        this.#waiting.delete(event);
        const playing = this.#play(event).finally(() => this.#underWay.delete(playing));
        this.#underWay.add(playing);
      },
      Math.max(0, atMs - this.#stage.nowMs()),
    );
    this.#timers.add(timer);
  }

  async #play({ name, action, forMs }: PairEvent): Promise<void> {
    const side = "node" in action ? this.#stage.nodeOf(action.node) : undefined;
    const startedAtMs = this.#sinceStart();
    const index = this.#played.length;
    const tell = (more: Partial<ExecutedEvent>): void => {
      const node = side === undefined ? {} : { node: side };
      this.#played[index] = { name, text: actionText(action, side), startedAtMs, ...node, ...more };
    };
    tell({});
    try {
      if ("node" in action && side === undefined) throw new Error(`no node is ${action.node}`);
      const { outcome, undo, isLong } = await this.#stage.perform(action, side);
      const told = outcome === undefined ? {} : { outcome };
      if (undo === undefined || forMs === undefined) {
        tell({ ...told, ...(isLong ? { endedAtMs: this.#sinceStart() } : {}) });
        return;
      }
      tell(told);
      if (!(await this.#lasts(startedAtMs + forMs - this.#sinceStart()))) return;
      await undo();
      tell({ ...told, endedAtMs: this.#sinceStart() });
    } catch (error) {
      const { message } = error as Error;
      tell({ outcome: message, endedAtMs: this.#sinceStart() });
      this.#problems.push(`Event ${name} failed: ${message}`);
    }
  }

  /** False when the run was over first. */
  #lasts(ms: number): Promise<boolean> {
    if (this.#isOver) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), Math.max(0, ms));
      this.#whenOver.push(() => {
        clearTimeout(timer);
        resolve(false);
      });
    });
  }

  #sinceStart(): number {
    return this.#stage.nowMs() - this.#runStartMs!;
  }
}
