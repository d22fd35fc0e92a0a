import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { twoProcessors } from "../../lab/machine/processors.ts";
import {
  chooseNetwork,
  type ServerNetwork,
  withNetwork,
} from "../../lab/machine/server-network.ts";
import {
  doraPlan,
  type RunMeasurement,
  renewalPlan,
  type TrialSettings,
  type TrialTarget,
  trialDefaults,
} from "../../simulator/capacity/trial.ts";
import type { RunPlan } from "../../simulator/plan/run-plan.ts";
import type { Workload } from "../contenders/dhcp-contender.ts";
import { provlab } from "../contenders/provlab.ts";
import { population } from "../harness/bench-plan.ts";
import { ServerUnderLoad } from "../harness/server-under-load.ts";
import type { CpuProfile, TimeWindow } from "./cpu-profile.ts";

export const subjects = ["server", "simulator"] as const;
export type Subject = (typeof subjects)[number];
export const exchanges = ["discover", "renew"] as const;
export type Exchange = (typeof exchanges)[number];

export interface ProfileRequest {
  readonly subject: Subject;
  readonly exchange: Exchange;
  readonly workload: Workload;
  /** Transactions a second. */
  readonly rate: number;
  readonly seconds: number;
  readonly seed: number;
  /** The compiled `cli/main.js` of the server: this package's, or another checkout's. */
  readonly program: string;
  /** Exists; everything goes below it. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface ProfileOutcome {
  readonly profile: CpuProfile;
  readonly window: TimeWindow;
  readonly phase: ProfiledPhase;
  /** Datagrams that the subject received in the window: two a DORA, one a renewal. */
  readonly packets: number;
  readonly network: string;
}

/** The measured phase, which the profile is laid beside. */
export interface ProfiledPhase {
  /** Wall clock, ms since the epoch, while arrivals were handed out. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly offered: number;
  readonly completed: number;
  /** Why the generator was the limit, one sentence each. */
  readonly problems: readonly string[];
}

/** Fine enough for functions of a microsecond once they ran ten thousand times. */
const SAMPLE_MICROS = 200;
const WARM_UP_MS = 5000;
const RENEWING_DEVICES = 40_000;

/**
 * Plays one rate at a fresh server and brings back the subject's profile: the server's loop, or the
 * simulator's worker. Leaves no process and no namespace.
 */
export function runProfile(request: ProfileRequest): Promise<ProfileOutcome> {
  const network = chooseNetwork(() => {});
  return withNetwork(network, () => profileOn(request, network));
}

async function profileOn(request: ProfileRequest, network: ServerNetwork): Promise<ProfileOutcome> {
  const { subject, folder, signal, exchange, workload, program, seed } = request;
  const profiles = join(folder, "profiles");
  mkdirSync(profiles, { recursive: true });
  const flagsOf = (which: Subject): readonly string[] =>
    which === subject ? profileFlags(profiles) : [];
  const place = { network, processors: twoProcessors(), seed, folder, signal };
  const contender = provlab("batch", { program, nodeFlags: flagsOf("server") });
  const load = await ServerUnderLoad.start(
    place,
    contender,
    { name: "profile", workload, population },
    {
      settings: {
        ...{ ...trialDefaults, warmUpMs: WARM_UP_MS, warmUpShare: 1 },
        measureMs: request.seconds * 1000,
      },
      onProgress: () => {},
      generatorFlags: flagsOf("simulator"),
    },
  );
  let phase: ProfiledPhase;
  try {
    phase = phaseOf(await load.run((target, settings) => planOf(request, target, settings)));
  } finally {
    await load.stop();
  }
  signal.throwIfAborted();
  return {
    profile: readProfile(profiles, subject === "server" ? MAIN_THREAD : FIRST_WORKER),
    window: { fromMicros: monotonicMicros(phase.fromMs), toMicros: monotonicMicros(phase.toMs) },
    phase,
    packets: phase.completed * (exchange === "discover" ? 2 : 1),
    network: network.description,
  };
}

function phaseOf({ trials, lastPhase }: RunMeasurement): ProfiledPhase {
  const { startedAtMs: fromMs, durationMs, completed } = lastPhase;
  const { offered, problems } = trials[0];
  return { fromMs, toMs: fromMs + durationMs, offered, completed, problems };
}

function planOf(
  { exchange, rate }: ProfileRequest,
  target: TrialTarget,
  settings: TrialSettings,
): RunPlan {
  if (exchange === "discover") return doraPlan(target, settings, rate);
  const bindRate = Math.min(rate, Math.ceil((RENEWING_DEVICES * 1000) / WARM_UP_MS));
  return renewalPlan(target, settings, { devices: RENEWING_DEVICES, bindRate, rates: [rate] });
}

function profileFlags(folder: string): readonly string[] {
  return ["--cpu-prof", `--cpu-prof-interval=${SAMPLE_MICROS}`, `--cpu-prof-dir=${folder}`];
}

const MAIN_THREAD = "0";
const FIRST_WORKER = "1";

/** Node names them CPU.date.time.process.thread.number.cpuprofile. */
function readProfile(folder: string, thread: string): CpuProfile {
  const name = readdirSync(folder).find((file) => file.split(".").at(-3) === thread);
  if (name === undefined)
    throw new Error(`no profile of thread ${thread} was written to ${folder}`);
  return JSON.parse(readFileSync(join(folder, name), "utf8")) as CpuProfile;
}

/** A moment of the wall clock on V8's clock; right as long as nobody sets the wall clock. */
function monotonicMicros(wallMs: number): number {
  const agoMs = Date.now() - wallMs;
  return Number(process.hrtime.bigint() / 1000n) - agoMs * 1000;
}
