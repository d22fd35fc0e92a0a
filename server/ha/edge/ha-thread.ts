import { type Logger, nullLogger } from "../../../base/log.ts";
import { wakeBy } from "../../../base/net/wake-by.ts";
import type { CatchUp } from "../../../protocol/heartbeat/packet.ts";
import { openEtcdWarning, readEtcdTls } from "../../etcd/edge/etcd-access.ts";
import { EtcdLeadership, presenceSecondsOf } from "../../mandate/edge/etcd-leadership.ts";
import { SharedPairState } from "../../mandate/shared-pair-state.ts";
import type { CountingService } from "../../service/loop/datagram-loop.ts";
import type { ControlLine, ControlRequest } from "../control-messages.ts";
import { haFamilies } from "../ha-metrics.ts";
import { DataPlanePulse } from "../watchdog.ts";
import { DiskWatch } from "./disk-watch.ts";
import { runCleanUp, runFailBack } from "./fail-back-run.ts";
import { FloatingAddress, type FloatingAddressPlan } from "./floating-address.ts";
import type { HaThreadPlan } from "./ha-plan.ts";
import { type HaService, startHaService } from "./ha-service.ts";
import { readHeartbeatKey } from "./heartbeat-key.ts";
import { SharedDataPlane } from "./shared-data-plane.ts";

/** Bounds of the least time that a member of etcd gets to answer; then another one is asked. */
const attemptMsLeast = 250;
const attemptMsMost = 1000;
/** One for each of three members, and one more, while etcd is quick. */
const attemptsMax = 4;

/** The service `ha`. It has its own thread, because a late heartbeat counts as a failure. */
export interface RunningHa extends CountingService {
  /** Reports one line for a status, or the steps and the end for an order. */
  answer(request: ControlRequest, tell: (line: ControlLine) => void): void;
}

/** Rejects with StartError when a key, a socket or an address is not available. */
export async function startHa(
  { plan, bootId, pairState: sharedState, pulse: sharedPulse }: HaThreadPlan,
  logger: Logger,
): Promise<RunningHa> {
  const { node, links, keyFile, floatingAddress: addressPlan, diskWatch } = plan;
  const sign = readHeartbeatKey(keyFile);
  // Mistakes in these files are reported now, not when etcd does not answer.
  if (plan.etcd.tls !== undefined) readEtcdTls(plan.etcd.tls);
  const warning = openEtcdWarning(plan.etcd);
  if (warning !== undefined) logger.warn(warning);
  const disk = diskWatch === undefined ? undefined : await DiskWatch.start(diskWatch, logger);
  const pairState = new SharedPairState(sharedState);
  const pulse = new DataPlanePulse(sharedPulse);
  const self = { node, bootId };
  const { deadMs } = plan.times;
  const attemptMsMin = Math.min(attemptMsMost, Math.max(attemptMsLeast, deadMs / 2));
  const leadership = new EtcdLeadership({
    self,
    ...plan.etcd,
    attemptMsMin,
    answerMsMax: attemptsMax * attemptMsMin,
    // The active node wants to know soon whether the store fails for both nodes.
    probeMs: attemptMsMin / 2,
    presenceSeconds: presenceSecondsOf(deadMs),
    followed: pairState,
  });
  const wake = (): void => pairState.withWakeEnd(wakeBy);
  const dataPlane = new SharedDataPlane(pairState, pulse, leadership, wake);
  const floatingAddress =
    addressPlan === undefined ? undefined : new FloatingAddress(addressPlan, deadMs / 2, logger);
  if (addressPlan !== undefined) await takeOff(addressPlan);
  let service: HaService;
  try {
    const diskWorks = disk === undefined ? undefined : () => disk.works;
    const storeTrouble = (): string => leadership.trouble;
    const filesInStep = (): boolean => pairState.filesInStep;
    const catchUp = (): CatchUp | undefined => pairState.catchUp;
    const parts = { leadership, storeTrouble, dataPlane, floatingAddress, diskWorks };
    const followed = { filesInStep, catchUp };
    service = await startHaService({ ...plan, bootId, sign, ...parts, ...followed, logger });
  } catch (error) {
    await disk?.close();
    await leadership.close();
    throw error;
  }
  return running(service, links[0].port, async () => {
    await floatingAddress?.settled();
    await disk?.close();
    await leadership.close();
  });
}

/** An earlier start may have crashed and left the address on. Mostly it is not there, which is fine. */
async function takeOff(plan: FloatingAddressPlan): Promise<void> {
  const address = new FloatingAddress(plan, Number.POSITIVE_INFINITY, nullLogger);
  address.withdraw();
  await address.settled();
}

function running(service: HaService, port: number, close: () => Promise<void>): RunningHa {
  let tellEnd!: () => void;
  const ended = new Promise<void>((resolve) => {
    tellEnd = resolve;
  });
  let stopping: Promise<void> | undefined;
  let carryingOut: Promise<void> | undefined;
  return {
    port,
    ended,
    families: () => haFamilies(service.status(), service.takeOvers()),
    answer: (request, tell) => {
      if (request === "status") tell({ kind: "status", status: service.status() });
      else if (carryingOut !== undefined) {
        tell({ kind: "refused", reasons: ["another order is being carried out"] });
      } else {
        const order = request === "failback" ? runFailBack(service, tell) : runCleanUp(service);
        carryingOut = order.then((end) => {
          carryingOut = undefined;
          tell(end);
        });
      }
    },
    stop: () => {
      stopping ??= service
        .stop()
        .then(() => carryingOut)
        .then(close)
        .then(tellEnd);
      return stopping;
    },
  };
}
