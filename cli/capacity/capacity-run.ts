import type {
  CapacityEnd,
  CapacityLatency,
  CapacityRepeat,
  CapacityResult,
} from "../../reports/capacity/capacity-result.ts";
import { CapacitySearch } from "../../simulator/capacity/capacity-search.ts";
import { type RepeatedMaximum, repeatedMaximum } from "../../simulator/capacity/repeat-interval.ts";
import type { TrialResult, TrialSettings } from "../../simulator/capacity/trial.ts";
import type { TrialPlayer } from "./trial-player.ts";

/** What a search needs of the player of its trials. */
type Player = Pick<TrialPlayer, "play" | "fill" | "violations">;

/** What to search for, in which servers, and for how long. */
export interface CapacityRequest {
  readonly settings: TrialSettings;
  readonly repeats: number;
  /** A search ends when the rate missed is within this factor, above 1, of the rate kept. */
  readonly precision: number;
  readonly firstRate: number;
  readonly rateMax: number;
  readonly timeLimitMs: number;
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  /** Opens the server of a repeat: a fresh one if it is ours. */
  readonly open: () => Promise<OpenServer>;
  readonly onFilled: (devices: number, about: string) => void;
  readonly onTrial: (trial: TrialResult, about: string) => void;
}

export interface OpenServer {
  /** The server has no leases and has had no requests. */
  readonly isFresh: boolean;
  readonly player: (settings: TrialSettings, signal: AbortSignal) => Player;
  readonly close: () => Promise<void>;
}

export type CapacityFindings = Pick<
  CapacityResult,
  | "verdict"
  | "reasons"
  | "maximumPerSecond"
  | "lowPerSecond"
  | "highPerSecond"
  | "repeats"
  | "latency"
  | "violations"
>;

export const RATE_MIN = 10;
const TRIALS_MAX = 60;
/** Long enough to bind the guide's 80,000 devices at 450 a second. */
const FILL_MS_MAX = 180_000;
/** The first round gives addresses in order; after the second one, leases end in random order. */
const FILL_ROUNDS = 2;
/** The first search knows nothing of the server; a later one begins just below what is known. */
const firstGrowth = 1.6;
const laterGrowth = 1.2;
const latencyShares = [50, 80, 100] as const;

/** Runs the searches. Rejects when a server or the simulation fails; every server is closed. */
export async function findCapacity(request: CapacityRequest): Promise<CapacityFindings> {
  const time = new TimeLeft(request.timeLimitMs, request.nowMs);
  const repeats: CapacityRepeat[] = [];
  const latency: CapacityLatency[] = [];
  let violations = 0;
  let devicesBound = 0;
  while (repeats.length < request.repeats) {
    const server = await request.open();
    try {
      const player = server.player(request.settings, request.signal);
      if (server.isFresh) devicesBound = await fill(request, player, repeats, time);
      const repeat = await search(request, player, { repeats, devicesBound, time });
      // A search that was cut short must not count beside whole ones.
      if (repeat.end !== "time-limit" || repeats.length === 0) repeats.push(repeat);
      const isLast = repeat.end === "time-limit" || repeats.length === request.repeats;
      const maximum = maximumOf(repeats);
      if (isLast && maximum !== undefined) {
        latency.push(...(await latencies(request, player, maximum.maximumPerSecond, time)));
      }
      violations += player.violations;
      if (isLast || repeat.keptPerSecond === null) break;
    } finally {
      await server.close();
    }
  }
  return { ...answerOf(repeats, violations), repeats, latency, violations };
}

/** The time of all searches, and how many more trials fit into it. */
class TimeLeft {
  readonly #deadlineMs: number;
  readonly #nowMs: () => number;
  #trials = 0;
  #trialsMs = 0;

  constructor(limitMs: number, nowMs: () => number) {
    this.#deadlineMs = nowMs() + limitMs;
    this.#nowMs = nowMs;
  }

  get ms(): number {
    return this.#deadlineMs - this.#nowMs();
  }

  /** Whether so many trials end in time, if they take as long as those before. */
  hasRoomFor(trials: number): boolean {
    const trialMs = this.#trials === 0 ? 0 : this.#trialsMs / this.#trials;
    return this.ms > 0 && this.ms >= trials * trialMs;
  }

  /** Plays a trial, and keeps in mind how long it took. */
  async trial(player: Player, ratePerSecond: number): Promise<TrialResult> {
    const startedAtMs = this.#nowMs();
    const trial = await player.play(ratePerSecond, () => this.hasRoomFor(1));
    this.#trials += 1;
    this.#trialsMs += this.#nowMs() - startedAtMs;
    return trial;
  }
}

/**
 * Binds the plant's devices before any rate is tried. Otherwise a server whose structures grow with its leases
 * would keep a higher rate at the beginning of a search than at its end.
 */
async function fill(
  request: CapacityRequest,
  player: Player,
  { length }: readonly CapacityRepeat[],
  time: TimeLeft,
): Promise<number> {
  // This trial does not count. It warms up the server, and shows whether the server answers.
  const rate = Math.max(RATE_MIN, Math.ceil(request.firstRate / 2));
  const { answered } = await player.play(rate, () => false);
  let devices = 0;
  for (let round = 0; round < FILL_ROUNDS && answered > 0; round += 1) {
    const timeLimitMs = Math.min(FILL_MS_MAX, time.ms / 2);
    if (timeLimitMs <= 0) break;
    devices = await player.fill(timeLimitMs);
    request.onFilled(devices, searchName(request, length));
  }
  return devices;
}

interface Known {
  readonly repeats: readonly CapacityRepeat[];
  readonly devicesBound: number;
  readonly time: TimeLeft;
}

async function search(
  request: CapacityRequest,
  player: Player,
  { repeats: before, devicesBound, time }: Known,
): Promise<CapacityRepeat> {
  const known = before.at(-1)?.keptPerSecond ?? undefined;
  const growth = known === undefined ? firstGrowth : laterGrowth;
  const guess = known === undefined ? request.firstRate : known / Math.sqrt(growth);
  const firstRate = Math.round(Math.min(Math.max(guess, RATE_MIN), request.rateMax));
  const capacity = new CapacitySearch({
    ...{ firstRate, rateMin: RATE_MIN, rateMax: request.rateMax, growth },
    precision: request.precision,
    trialsMax: TRIALS_MAX,
    unansweredShareMax: request.settings.unansweredShareMax,
  });
  const trials: TrialResult[] = [];
  const about = searchName(request, before.length);
  let isLate = false;
  for (let rate = capacity.nextRate(); rate !== undefined; rate = capacity.nextRate()) {
    // The trials of the latency come on top, once there is a rate to measure it at.
    isLate = !time.hasRoomFor(capacity.maximum === undefined ? 1 : 1 + latencyShares.length);
    if (isLate) break;
    const trial = await time.trial(player, rate);
    trials.push(trial);
    capacity.record(trial);
    request.onTrial(trial, about);
  }
  const end: CapacityEnd = isLate ? "time-limit" : capacity.end!;
  return {
    end,
    keptPerSecond: capacity.maximum ?? null,
    missedPerSecond: capacity.lowestMissed ?? null,
    devicesBound,
    trials,
  };
}

function searchName({ repeats }: CapacityRequest, searched: number): string {
  return `${searched + 1} of ${repeats}`;
}

async function latencies(
  request: CapacityRequest,
  player: Player,
  maximumPerSecond: number,
  time: TimeLeft,
): Promise<CapacityLatency[]> {
  const measured: CapacityLatency[] = [];
  for (const sharePercent of latencyShares) {
    if (!time.hasRoomFor(1)) break;
    const rate = Math.max(1, Math.round((maximumPerSecond * sharePercent) / 100));
    const trial = await time.trial(player, rate);
    request.onTrial(trial, `${sharePercent} %`);
    measured.push({ sharePercent, trial });
  }
  return measured;
}

/** Undefined when no repeat kept anything. */
function maximumOf(repeats: readonly CapacityRepeat[]): RepeatedMaximum | undefined {
  const brackets = repeats.flatMap(({ end, keptPerSecond, missedPerSecond }) =>
    keptPerSecond === null
      ? []
      : [{ keptPerSecond, missedPerSecond: end === "found" ? missedPerSecond! : undefined }],
  );
  return brackets.length === 0 ? undefined : repeatedMaximum(brackets);
}

const endReasons: Readonly<Record<Exclude<CapacityEnd, "found">, string>> = {
  generator: "The generator was the limit: the server keeps at least this.",
  "rate-max": "The highest rate that may be tried was kept.",
  "rate-min": `The server missed even ${RATE_MIN}/s.`,
  trials: `After ${TRIALS_MAX} trials the maximum was not known as precisely as asked.`,
  "time-limit":
    "The time limit ended the search: give it more (--time-limit), start nearer the limit (--first-rate), " +
    "or take fewer devices (--set population.cableModems=6000).",
};

function answerOf(
  repeats: readonly CapacityRepeat[],
  violations: number,
): Omit<CapacityFindings, "repeats" | "latency" | "violations"> {
  const found = maximumOf(repeats);
  const ends = new Set(repeats.map(({ end }) => end));
  const reasons = [...ends].flatMap((end) => (end === "found" ? [] : [endReasons[end]]));
  const isWhole = reasons.length === 0;
  const unsafe = `Unsafe: ${violations} acknowledgements that no correct server gives.`;
  const isUnanswered = repeats.some(({ keptPerSecond }) => keptPerSecond === null);
  const verdict =
    violations > 0 ? "unsafe" : isUnanswered ? noneOrBound(ends) : isWhole ? "found" : "bound";
  return {
    verdict,
    reasons: violations > 0 ? [unsafe, ...reasons] : reasons,
    maximumPerSecond: wholeRate(found?.maximumPerSecond),
    lowPerSecond: wholeRate(found?.lowPerSecond),
    highPerSecond: wholeRate(isWhole ? found?.highPerSecond : undefined),
  };
}

function wholeRate(perSecond: number | undefined): number | null {
  return perSecond === undefined ? null : Math.round(perSecond);
}

/** If the generator could not offer even the lowest rate, the result is only a bound. */
function noneOrBound(ends: ReadonlySet<CapacityEnd>): "none" | "bound" {
  return ends.has("rate-min") ? "none" : "bound";
}
