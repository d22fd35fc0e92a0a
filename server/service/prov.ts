import { systemClock } from "../../base/clock.ts";
import type { Logger, LogLevel } from "../../base/log.ts";
import { ControlServer, type ControlSource } from "../control/control-server.ts";
import { PairControl } from "../control/pair-control.ts";
import { type StagesReport, stagesReportOf } from "../dhcp/loop/answer-stages.ts";
import type { SingleStatus } from "../ha/control-messages.ts";
import type { HaPlan } from "../ha/edge/ha-plan.ts";
import { newBootId } from "../ha/edge/ha-service.ts";
import { LeaseTime } from "../ha/lease-time.ts";
import { DataPlanePulse } from "../ha/watchdog.ts";
import { SharedPairState } from "../mandate/shared-pair-state.ts";
import { type MetricsPlan, openMetricsServer } from "../metrics/edge/metrics-server.ts";
import { LatestMetrics } from "../metrics/latest-metrics.ts";
import type { MirrorPlan } from "../mirror/mirror-plan.ts";
import type { PairPlane } from "../pair/pair-plane.ts";
import { StartError } from "../process/start-error.ts";
import { type ServicePlan, serviceName } from "./service-plan.ts";
import { ServiceThread, type Serving } from "./service-thread.ts";

/** How long a service that fails to start waits for the mistakes of others. */
const REFUSALS_MS_MAX = 2000;

export interface ProvPlan {
  readonly services: readonly ServicePlan[];
  /** Serves the services' counters, from before they start until they have stopped. */
  readonly metrics?: MetricsPlan | undefined;
  /** One node of a pair; it has exactly one DHCP service. */
  readonly ha?: HaPlan | undefined;
  /** Only on a node of a pair. */
  readonly mirror?: MirrorPlan | undefined;
  /** Path of the control socket. */
  readonly controlSocket?: string | undefined;
  /** etcd has lost its leases: take them from the lease file. */
  readonly recovers?: boolean | undefined;
  /** `false`: DHCP serves at once, and its first seconds are slow. */
  readonly warmsUp?: boolean | undefined;
  /**
   * The least severe level that the services log, `info` by default; at `debug` DHCP logs every packet.
   */
  readonly logLevel?: LogLevel | undefined;
}

export interface RunningProv {
  /** UDP port of each running service, by name; for `metrics` the TCP port. */
  readonly ports: ReadonlyMap<string, number>;
  /**
   * How DHCP keeps its leases: "replicated", "fsync" or "os". With several services, the weakest of
   * theirs; undefined without DHCP.
   */
  readonly durability: string | undefined;
  /** What made the answers of the first DHCP service slow since the last call; undefined without one. */
  takeStages(): Promise<StagesReport | undefined>;
  /**
   * Settles when all services have ended. Rejects, after stopping the rest, when one broke that the others do not go on
   * without.
   */
  readonly ended: Promise<void>;
  /** Has each service log its counters once. */
  logCounters(): void;
  stop(): Promise<void>;
}

/**
 * Starts the services of a PROV, each on its own thread. Rejects with StartError when one cannot start,
 * after stopping the others.
 */
export async function startProv(plan: ProvPlan, logger: Logger): Promise<RunningProv> {
  const { metrics: metricsPlan, controlSocket } = plan;
  const plans = withPair(plan).map((service) =>
    service.service === "dhcp" ? { ...service, warmsUp: plan.warmsUp } : service,
  );
  const latest = new LatestMetrics(plans.map(serviceName));
  let services: ServiceThread[] = [];
  // The control socket is opened first: its umask must not affect files of other threads.
  const edges: { close(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    // The node hands over while it can still answer. Its DHCP service then ends and must not restart.
    for (const service of services) service.startNoMore();
    await services.find(isHa)?.stop();
    await Promise.all(services.map((service) => service.stop()));
    await Promise.all(edges.map((edge) => edge.close()));
  };
  try {
    if (controlSocket !== undefined) {
      edges.push(
        await ControlServer.open(
          controlSocket,
          controlSourceOf(plans, () => services),
        ),
      );
    }
    const metrics =
      metricsPlan === undefined
        ? undefined
        : await openMetricsServer(metricsPlan, {
            families: () => latest.families(),
            isReady: () => latest.isReady(systemClock.monotonicMs()),
          });
    if (metrics !== undefined) edges.push(metrics);
    services = plans.map(
      (service) =>
        new ServiceThread(service, {
          logger,
          logLevel: plan.logLevel ?? "info",
          onMetrics: (families) =>
            latest.take(serviceName(service), families, systemClock.monotonicMs()),
          ...(service.service === "dhcp" ? { onExit: () => forget(service.pair) } : {}),
          // A mirror that broke has told nobody that its files may be behind.
          ...(service.service === "mirror"
            ? { onExit: () => forgetMirror(service.pairState) }
            : {}),
        }),
    );
    const serving = await allServing(services);
    if (metrics !== undefined) for (const service of services) service.tellMetrics();
    const ended = Promise.all(services.map((service) => service.ended)).then(
      () => undefined,
      async (error: unknown) => {
        await stop();
        throw error;
      },
    );
    // The caller may never await it.
    ended.catch(() => undefined);
    return {
      ports: new Map([
        ...services.map(({ name }, index) => [name, serving[index].port] as const),
        ...(metrics === undefined ? [] : [["metrics", metrics.port] as const]),
      ]),
      durability: weakest(serving),
      takeStages: async () => {
        const dhcp = services[plans.findIndex(({ service }) => service === "dhcp")];
        return dhcp && stagesReportOf(await dhcp.takeStages());
      },
      ended,
      logCounters: () => {
        for (const service of services) service.logCounters();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Rejects with all that keeps services from starting, as far as it is known soon after the first. */
async function allServing(services: readonly ServiceThread[]): Promise<readonly Serving[]> {
  const starts = services.map(({ serving }) => serving);
  try {
    return await Promise.all(starts);
  } catch (first) {
    const refusals: StartError[] = [];
    for (const start of starts) {
      start.catch((error: unknown) => {
        if (error instanceof StartError) refusals.push(error);
      });
    }
    const patience = new Promise((resolve) => setTimeout(resolve, REFUSALS_MS_MAX).unref());
    await Promise.race([Promise.allSettled(starts), patience]);
    if (refusals.length < 2 || !(first instanceof StartError)) throw first;
    throw new StartError(refusals.map(({ message }) => message).join("\n"));
  }
}

function forgetMirror(shared: SharedArrayBuffer): void {
  const pairState = new SharedPairState(shared);
  pairState.tellMirrored(false);
  pairState.tellFetching(0, 0);
}

/**
 * The data plane's thread has ended: shared memory must say that it neither answers, follows nor commits.
 */
function forget(pair: PairPlane | undefined): void {
  if (pair === undefined) return;
  new SharedPairState(pair.pairState).forgetDataPlane();
  new DataPlanePulse(pair.pulse).commitsWritten();
}

const isHa = ({ name }: ServiceThread): boolean => name === "ha";

function weakest(serving: readonly Serving[]): string | undefined {
  const found = serving.flatMap(({ durability }) => durability ?? []);
  return found.find((durability) => durability !== "fsync") ?? found[0];
}

/** Creates the memory that the threads of a node share; it outlives them. */
function withPair({ services, ha, mirror, recovers = false }: ProvPlan): ServicePlan[] {
  if (ha === undefined) return [...services];
  const pairState = new SharedPairState();
  pairState.leaseBaseMs = LeaseTime.of(systemClock).baseMs;
  const shared = {
    bootId: newBootId(),
    pairState: pairState.shared,
    pulse: DataPlanePulse.memory(),
  };
  const { node, etcd, commitMsMax, times } = ha;
  const pair: PairPlane = {
    ...{ ...shared, node, etcd, commitMsMax, deadMs: times.deadMs, recovers },
    floatingAddress: ha.floatingAddress?.address,
  };
  return [
    ...services.map((plan) => (plan.service === "dhcp" ? { ...plan, pair } : plan)),
    { service: "ha", plan: ha, ...shared },
    ...(mirror === undefined
      ? []
      : [{ ...mirror, service: "mirror" as const, pairState: shared.pairState }]),
  ];
}

function controlSourceOf(
  plans: readonly ServicePlan[],
  services: () => readonly ServiceThread[],
): ControlSource {
  if (plans.some(({ service }) => service === "ha")) {
    return new PairControl((request, onLine) => {
      const ha = services().find(isHa);
      return ha === undefined ? () => undefined : ha.ask(request, onLine);
    });
  }
  const status: SingleStatus = {
    schema: "provlab/pair-status@1",
    role: "single",
    services: plans.map(serviceName),
  };
  return {
    status: () => Promise.resolve(status),
    carryOut: (_, tell) => {
      tell({ kind: "refused", reasons: ["this server is no node of a pair"] });
      return Promise.resolve();
    },
  };
}
