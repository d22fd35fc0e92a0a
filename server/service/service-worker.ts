import { parentPort, workerData } from "node:worker_threads";
import type { Logger } from "../../base/log.ts";
import { loadConfig, startDhcpServer } from "../main.ts";
import { startNtpServer } from "../ntp/ntp-server.ts";
import { StartError } from "../start-error.ts";
import { startSyslogServer } from "../syslog/syslog-server.ts";
import { startTftpServer } from "../tftp/tftp-server.ts";
import { startTimeServer } from "../time/time-server.ts";
import type { FromService, ServicePlan, ToService } from "./service-plan.ts";

// The thread of one service. Each has its own, because a service's loop waits inside the kernel for
// its own sockets, and nobody else's packet would wake it.

interface RunningService {
  readonly port: number;
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
      return startTftpServer({ ...plan, logger });
    case "time":
      return startTimeServer({ ...plan, logger });
    case "ntp":
      return startNtpServer({ ...plan, logger });
    case "syslog":
      return startSyslogServer({ ...plan, logger });
  }
}

try {
  const running = await start(workerData as ServicePlan);
  port.on("message", (message: ToService) => {
    if (message.kind === "stop") void running.stop();
  });
  tell({ kind: "serving", port: running.port });
  await running.ended;
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  tell({ kind: "refused", message: error.message });
} finally {
  port.close();
}
