import { addFields } from "../../../base/add-fields.ts";
import { systemClock } from "../../../base/clock.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import type { TimeSeriesRow } from "../../../reports/result/run-result.ts";
import {
  type MetricsPlan,
  openMetricsServer,
} from "../../../server/metrics/edge/metrics-server.ts";
import { type Family, gauge, gaugeBy, type Sample } from "../../../server/metrics/exposition.ts";
import { StartError } from "../../../server/process/start-error.ts";
import { emptyCounters, type StreamCounters } from "../../../simulator/measure/recorder.ts";
import type { SimulationProgress } from "../../../simulator/run/edge/coordinator.ts";
import { usageErrorFor } from "../../options/usage-error.ts";
import type { RunWatcher } from "./run-watch.ts";

/** The metric of each counter, without its prefix and `_total`, and its help text. */
const exchangeCounters: Readonly<Record<keyof StreamCounters, readonly [string, string]>> = {
  offered: ["offered", "Transactions that the schedule asked for."],
  sent: ["sent", "Transactions begun."],
  completed: ["completed", "Transactions completed."],
  timeouts: ["timeouts", "Transactions given up without an answer."],
  retransmissions: ["retransmissions", "Datagrams sent again."],
  naks: ["naks", "DHCPNAKs received."],
  abandoned: ["abandoned", "Transactions cut short because the device began anew."],
  notEligible: ["not_eligible", "Arrivals that found no device in the right state."],
  late: ["late", "Transactions sent more than 2 ms after their intended time."],
  unsent: ["unsent", "Transactions that were due when their phase ended, and never left."],
};

/** Adds up the seconds of a run for Prometheus. */
export class RunMetrics {
  readonly #scenario: string;
  readonly #totals = new Map<string, StreamCounters>();
  #latest: { readonly progress: SimulationProgress; readonly row: TimeSeriesRow } | undefined;

  constructor(scenario: string) {
    this.#scenario = scenario;
  }

  second(progress: SimulationProgress, row: TimeSeriesRow): void {
    this.#latest = { progress, row };
    for (const [exchange, counters] of Object.entries(progress.row.exchanges)) {
      const total = this.#totals.get(exchange) ?? emptyCounters();
      addFields(total, counters);
      this.#totals.set(exchange, total);
    }
  }

  families(): Family[] {
    return [...this.#exchangeFamilies(), ...this.#latestFamilies()];
  }

  #exchangeFamilies(): Family[] {
    return Object.entries(exchangeCounters).map(([counter, [name, help]]) => ({
      name: `provlab_simulator_${name}_total`,
      type: "counter",
      help,
      samples: [...this.#totals].map(([exchange, total]) => ({
        labels: { exchange },
        value: total[counter as keyof StreamCounters],
      })),
    }));
  }

  #latestFamilies(): Family[] {
    if (this.#latest === undefined) return [];
    const { progress, row } = this.#latest;
    const { boots, states, bound } = progress.row;
    return [
      {
        name: "provlab_simulator_phase_info",
        type: "gauge",
        help: "The phase that runs, or ran last.",
        samples: [{ labels: { scenario: this.#scenario, phase: progress.phase }, value: 1 }],
      },
      gauge("provlab_simulator_pace", "1, or what somebody has set; 0 is a pause.", progress.pace),
      gauge("provlab_simulator_devices", "Devices of the run.", progress.devices),
      gauge("provlab_simulator_devices_bound", "Devices that hold a lease.", bound),
      ...(boots === undefined
        ? []
        : [gauge("provlab_simulator_devices_online", "Devices on line.", boots.online)]),
      gaugeBy("provlab_simulator_devices_by_state", "Devices by DHCP state.", "state", states),
      ...(boots === undefined ? [] : [bootStates(boots.states)]),
      {
        name: "provlab_simulator_latency_last_second_seconds",
        type: "gauge",
        help: "Latency of the last second from the intended send time, by quantile.",
        samples: quantilesOf(row),
      },
      ...serverFamilies(row),
    ];
  }
}

function bootStates(states: Readonly<Record<string, number>>): Family {
  const name = "provlab_simulator_devices_by_boot_state";
  return gaugeBy(name, "Devices by boot state.", "state", states);
}

function quantilesOf({ latencyMsP50, latencyMsP99, latencyMsMax }: TimeSeriesRow): Sample[] {
  const quantiles = [
    ["0.5", latencyMsP50],
    ["0.99", latencyMsP99],
    ["1", latencyMsMax],
  ] as const;
  return quantiles.flatMap(([quantile, ms]) =>
    ms === null ? [] : [{ labels: { quantile }, value: ms / 1000 }],
  );
}

/** CPU and memory of the bundled server, where the system tells. */
function serverFamilies({ serverCpuPercent, serverResidentMiB }: TimeSeriesRow): Family[] {
  if (serverCpuPercent === undefined || serverResidentMiB === undefined) return [];
  return [
    gauge(
      "provlab_simulator_server_cpu_ratio",
      "Of one core, by the bundled server, in the last second.",
      serverCpuPercent / 100,
    ),
    gauge(
      "provlab_simulator_server_resident_memory_bytes",
      "Memory of the bundled server.",
      serverResidentMiB * 1024 * 1024,
    ),
  ];
}

/** `--metrics`. Rejects with UsageError for a port that cannot be had. */
export async function openRunMetrics(plan: MetricsPlan, scenario: string): Promise<RunWatcher> {
  const metrics = new RunMetrics(scenario);
  let heardAtMs = Number.NEGATIVE_INFINITY;
  const server = await openMetricsServer(plan, {
    families: () => metrics.families(),
    isReady: () => systemClock.monotonicMs() - heardAtMs < READY_MS,
  }).catch(usageErrorFor(StartError, "--metrics: "));
  process.stderr.write(`Metrics: http://${formatIpv4(plan.address)}:${server.port}/metrics\n`);
  return {
    second: (progress, row) => {
      heardAtMs = systemClock.monotonicMs();
      metrics.second(progress, row);
    },
    close: () => server.close(),
  };
}

/** A run that has been silent for this long has not begun, or is over. */
const READY_MS = 10_000;
