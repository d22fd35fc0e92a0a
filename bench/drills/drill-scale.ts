import type { Scenario } from "../../scenarios/language/scenario.ts";
import type { PopulationPlan } from "../../scenarios/population/population.ts";

/** How large a drill is played. */
export interface DrillScale {
  readonly devices: number;
  /** Percent of the scenario's rates. */
  readonly loadPercent: number;
  /** How many drills share the machine. */
  readonly atOnce: number;
}

const kinds = ["cableModems", "mtas", "cpes", "smartMeters"] as const;
/** At the whole load each device is asked for about once in this many seconds. */
const SECONDS_A_DEVICE = 10;
const GUIDE_PER_SECOND = 900;
/** Drills that share a machine are late, which changes no history of leases. */
const SHARED_SLIP_MS_MAX = 500;

/** The load that so many devices can carry: a failure leaves some of them busy for a while. */
export function loadPercentOf(devices: number): number {
  const perSecond = devices / SECONDS_A_DEVICE;
  return Math.min(100, Math.max(1, Math.round((100 * perSecond) / GUIDE_PER_SECOND)));
}

/**
 * What `--set` makes of a drill: each kind keeps its share of the devices, each stream its share of the load,
 * and beside other drills the generator may be late.
 */
export function settingsOf(
  { population, phases, thresholds }: Scenario,
  { devices, loadPercent, atOnce }: DrillScale,
): readonly string[] {
  const slip = atOnce > 1 ? [`generator.slipMsP99Max=${SHARED_SLIP_MS_MAX}`] : [];
  const whole = devicesOf(population);
  if (devices === whole && loadPercent === 100) return slip;
  const counts = kinds.map((kind) => Math.round((population[kind] * devices) / whole));
  // The first kind takes what rounding left over.
  counts[0] += devices - counts.reduce((sum, count) => sum + count, 0);
  return [
    ...slip,
    ...kinds.map((kind, index) => `population.${kind}=${counts[index]}`),
    ...phases.flatMap(({ streams }, phase) =>
      streams.flatMap((stream, index) => {
        if (stream.kind !== "rate") return [];
        const rate = Math.max(1, Math.round((stream.ratePerSecond * loadPercent) / 100));
        return [`phases.${phase}.streams.${index}.ratePerSecond=${rate}`];
      }),
    ),
    // A threshold that counts all devices counts fewer of them.
    ...thresholds.flatMap(({ metric, operator, bound }, index) =>
      bound === whole ? [`thresholds.${index}=${metric.join(".")} ${operator} ${devices}`] : [],
    ),
  ];
}

export function devicesOf(population: PopulationPlan): number {
  return kinds.reduce((sum, kind) => sum + population[kind], 0);
}
