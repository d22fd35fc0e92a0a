import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import { loadConfig, startDhcpServer } from "../main.ts";
import { startNtpServer } from "../ntp/ntp-server.ts";
import { StartError } from "../start-error.ts";
import { startSyslogServer } from "../syslog/syslog-server.ts";
import { DeviceFiles } from "../tftp/device-files.ts";
import { type RunningTftpServer, startTftpServer } from "../tftp/tftp-server.ts";
import { startTimeServer } from "../time/time-server.ts";
import type { FromService, ServicePlan, ToService } from "./service-plan.ts";

// The thread of one service. Each has its own, because a service's loop waits inside the kernel for
// its own sockets, and nobody else's packet would wake it.

interface RunningService {
  readonly port: number;
  readonly durability?: string;
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const port = parentPort!;

function tell(message: FromService): void {
  port.postMessage(message);
}

const logger: Logger = {
  error: (message) => tell({ kind: "log", level: "error", message }),
  warn: (message) => tell({ kind: "log", level: "warn", message }),
  info: (message) => tell({ kind: "log", level: "info", message }),
  debug: (message) => tell({ kind: "log", level: "debug", message }),
};

function start(plan: ServicePlan): Promise<RunningService> {
  switch (plan.service) {
    case "dhcp": {
      const { configFile, ...options } = plan;
      return startDhcpServer({ ...options, config: loadConfig(configFile, logger), logger });
    }
    case "tftp":
      return startTftp(plan);
    case "time":
      return startTimeServer({ ...plan, logger });
    case "ntp":
      return startNtpServer({ ...plan, logger });
    case "syslog":
      return startSyslogServer({ ...plan, logger });
  }
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
  const running = await start(workerData as ServicePlan);
  port.on("message", (message: ToService) => {
    if (message.kind === "stop") void running.stop();
  });
  const { durability } = running;
  tell({
    kind: "serving",
    port: running.port,
    ...(durability === undefined ? {} : { durability }),
  });
  await running.ended;
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  tell({ kind: "refused", message: error.message });
} finally {
  port.close();
}
