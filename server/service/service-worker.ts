import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../../base/clock.ts";
import { isLogged } from "../../base/log.ts";
import { listDescriptorsIn } from "../../base/net/kernel/descriptor-list.ts";
import { ConfigTexts } from "../config/edge/config-texts.ts";
import { loadConfig } from "../config/edge/load-config.ts";
import type { StagesTaken } from "../dhcp/loop/answer-stages.ts";
import { startDhcpServer } from "../dhcp-server.ts";
import type { ControlLine, ControlRequest } from "../ha/control-messages.ts";
import { startHa } from "../ha/edge/ha-thread.ts";
import { SharedPairState } from "../mandate/shared-pair-state.ts";
import { countersText, labelled } from "../metrics/exposition.ts";
import { startMirror } from "../mirror/edge/mirror-service.ts";
import { startNtpServer } from "../ntp/edge/ntp-server.ts";
import type { PlaneEnd } from "../pair/pair-plane.ts";
import { StartError } from "../process/start-error.ts";
import { startSyslogServer } from "../syslog/edge/syslog-server.ts";
import { DeviceFiles } from "../tftp/edge/device-files.ts";
import { type RunningTftpServer, startTftpServer } from "../tftp/edge/tftp-server.ts";
import { startTimeServer } from "../time/edge/time-server.ts";
import type { CountingService } from "./loop/datagram-loop.ts";
import {
  type FromService,
  type ServicePlan,
  type ServiceStart,
  serviceName,
  type ToService,
} from "./service-plan.ts";
import { ThreadLog } from "./thread-log.ts";

// The thread of one service. Each service has its own, because its loop waits in the kernel for its own
// sockets, and a packet for another service would not wake it.

interface ThreadedService extends CountingService {
  readonly durability?: string;
  /** Only DHCP. */
  takeStages?(): StagesTaken;
  /** Why the service ended by itself. */
  readonly over?: PlaneEnd | undefined;
  /** Only the service `ha`: answers a request of the control socket. */
  answer?(request: ControlRequest, tell: (line: ControlLine) => void): void;
}

const port = parentPort!;
const METRICS_MS = 1000;

const { plan: ownPlan, logLevel, linesUnderWay, descriptors } = workerData as ServiceStart;
listDescriptorsIn(descriptors);
const log = new ThreadLog(logLevel, linesUnderWay, (lines) =>
  port.postMessage({ kind: "log", lines } satisfies FromService),
);
const { logger } = log;

/** Sends the log lines first, so that they keep their place before the message. */
function tell(message: FromService): void {
  log.flush();
  port.postMessage(message);
}

async function start(plan: ServicePlan): Promise<ThreadedService> {
  switch (plan.service) {
    case "dhcp": {
      const { configFile, ...options } = plan;
      const read = new ConfigTexts();
      return startDhcpServer({
        ...options,
        config: loadConfig(configFile, logger, read.read),
        configTexts: read.texts,
        logger,
        packetLogging: isLogged("debug", logLevel) ? "fields" : "none",
        flushLog: () => log.flush(),
      });
    }
    case "tftp":
      return startTftp(plan);
    case "ha":
      return startHa(plan, logger);
    case "time":
      return startTimeServer({ ...plan, logger });
    case "ntp":
      return startNtpServer({ ...plan, logger });
    case "syslog":
      return startSyslogServer({ ...plan, logger });
    case "mirror": {
      const pairState = new SharedPairState(plan.pairState);
      pairState.tellMirrored(false);
      return startMirror({
        ...plan,
        isActive: () => pairState.answeringEpoch !== 0,
        onLook: (isInStep) => pairState.tellMirrored(isInStep),
        onProgress: (filesFetched, filesInAll) => pairState.tellFetching(filesFetched, filesInAll),
        logger,
      });
    }
  }
}

/** Reports the service's counters regularly: asking for them would interrupt its loop. */
function tellMetrics({ families }: ThreadedService): void {
  const tellNow = (): void => {
    const service = serviceName(ownPlan);
    tell({ kind: "metrics", families: labelled(families(), { service }) });
  };
  tellNow();
  setInterval(tellNow, METRICS_MS).unref();
}

/** As a warning, because somebody has asked for it. */
function logCounters({ families }: ThreadedService): void {
  logger.warn(`counters: ${countersText(families())}`);
  log.flush();
}

function startTftp({
  deviceFiles,
  ...options
}: Extract<ServicePlan, { service: "tftp" }>): Promise<RunningTftpServer> {
  if (deviceFiles === undefined) return startTftpServer({ ...options, logger });
  const { root } = options;
  const files = new DeviceFiles({ ...deviceFiles, root, clock: systemClock, logger });
  return startTftpServer({
    ...options,
    logger,
    generated: (filename, clientAddress) => files.make(filename, clientAddress),
  });
}

try {
  const running = await start(ownPlan);
  port.on("message", (message: ToService) => {
    if (message.kind === "stop") void running.stop();
    else if (message.kind === "tell-metrics") tellMetrics(running);
    else if (message.kind === "log-counters") logCounters(running);
    else if (message.kind === "take-stages") {
      if (running.takeStages) tell({ kind: "stages", taken: running.takeStages() });
    } else {
      const { id, request } = message;
      running.answer?.(request, (line) => tell({ kind: "told", id, line }));
    }
  });
  const { durability } = running;
  tell({
    kind: "serving",
    port: running.port,
    ...(durability === undefined ? {} : { durability }),
  });
  await running.ended;
  const { over } = running;
  if (over !== undefined) tell({ kind: "over", reason: over });
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  tell({ kind: "refused", message: error.message });
} finally {
  log.flush();
  port.close();
}
