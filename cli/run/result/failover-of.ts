import { formatIpv4, parseIpv4 } from "../../../protocol/ipv4.ts";
import { failoverResultOf } from "../../../reports/failover/analyse.ts";
import type { MeasuredRun, PairHistory } from "../../../reports/failover/history.ts";
import { unledAcksOf } from "../../../reports/failover/leader-changes.ts";
import type { RunResult, SafetyResult, Target } from "../../../reports/result/run-result.ts";
import type { SimulationOutcome } from "../../../simulator/run/outcome.ts";

interface FailoverFacts {
  readonly outcome: SimulationOutcome;
  readonly target: Target;
  /** Only for a pair that the run itself drove; otherwise the targets are taken for a load-balanced pair. */
  readonly pair?: PairHistory | undefined;
}

interface FailoverParts {
  readonly failover?: NonNullable<RunResult["failover"]>;
  readonly safety: Pick<
    SafetyResult,
    "acknowledgedWithoutLeadership" | "addressesChangedAfterFailover"
  >;
}

/** The parts of a result about servers that went and came back; `timeSeries` are its seconds. */
export function failoverOf(
  { outcome, target, pair }: FailoverFacts,
  timeSeries: RunResult["timeSeries"],
): FailoverParts {
  const { outages } = outcome;
  const [first, second] = [target.address, ...(target.others ?? [])].map(parseIpv4);
  if (outages === undefined || first === undefined || second === undefined) return { safety: {} };
  const run: MeasuredRun = {
    history: outages,
    rows: timeSeries,
    active: outcome.phases.map(({ startedAtMs, durationMs }) => ({
      fromMs: startedAtMs,
      toMs: startedAtMs + durationMs,
    })),
    pair: pair ?? { servers: [first, second], isLoadBalanced: true, events: [], roles: [] },
    nameOf: formatIpv4,
  };
  const failover = failoverResultOf(run);
  const unled = unledAcksOf(run);
  return {
    ...(failover && { failover }),
    safety: {
      ...(unled === undefined ? {} : { acknowledgedWithoutLeadership: unled }),
      ...(pair && { addressesChangedAfterFailover: outages.addressesMoved }),
    },
  };
}
