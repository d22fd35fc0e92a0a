import { NTP_PORT } from "../../protocol/ntp/packet.ts";
import { SYSLOG_PORT } from "../../protocol/syslog/message.ts";
import { TFTP_PORT } from "../../protocol/tftp/packet.ts";
import { TIME_PORT } from "../../protocol/time/rfc868.ts";
import type { BootService } from "./boot-step.ts";
import type { GatePolicy } from "./cmts-gate.ts";
import { type DownloadPolicy, docsisDownload } from "./download.ts";
import { ntpRetry } from "./ntp-client.ts";
import type { StepRetry } from "./step.ts";
import { meterStyle, type SyslogStyle } from "./syslog-report.ts";
import { timeRetry } from "./time-client.ts";

/** How devices behave on their way to on line. */
export interface BootPolicy {
  readonly download: DownloadPolicy;
  readonly time: StepRetry;
  readonly ntp: StepRetry;
  /** Whether a meter goes on without the time. */
  readonly ntpOptional: boolean;
  readonly syslog: SyslogStyle;
  /** The server ports of each service. */
  readonly ports: Readonly<Record<BootService, number>>;
  readonly ranging: GatePolicy;
  readonly registration: GatePolicy;
  /** MTAs and CPEs start between these after their modem is on line. */
  readonly afterModemMsMin: number;
  readonly afterModemMsMax: number;
  /** The device's next boots after one that failed. */
  readonly reboot: RebootPolicy;
}

/** The waits between boots that failed, as in StepRetry; a device gives up after `bootsMax` of them. */
interface RebootPolicy {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  readonly jitter: number;
  readonly bootsMax: number;
}

/**
 * A plant that is never the limit. T2 of 10 s, 16 ranging requests and T6 of 3 s are in Annex B of the
 * DOCSIS RFI 2.0, as public modem simulators quote it. A modem boots again when T6 has expired: Wireshark
 * lists that among the initialization reasons. The waits between two ranging requests stand for T3 of 0.2 s
 * (RFC 4546, docsIfCmRangingTimeout) and the contention after it. Three tries for the registration are
 * customary, without a public source.
 */
export const defaultBootPolicy: BootPolicy = {
  download: docsisDownload,
  time: timeRetry,
  ntp: ntpRetry,
  ntpOptional: false,
  syslog: meterStyle,
  ports: { tftp: TFTP_PORT, time: TIME_PORT, ntp: NTP_PORT, syslog: SYSLOG_PORT },
  ranging: {
    perSecond: Number.POSITIVE_INFINITY,
    serviceMs: 0,
    waitMsMax: 10_000,
    retry: { firstRetryMs: 1000, maxRetryMs: 32_000, jitter: 0.5, triesMax: 16 },
  },
  registration: {
    perSecond: Number.POSITIVE_INFINITY,
    serviceMs: 0,
    waitMsMax: 3000,
    retry: { firstRetryMs: 3000, maxRetryMs: 3000, jitter: 0.1, triesMax: 3 },
  },
  afterModemMsMin: 0,
  afterModemMsMax: 0,
  reboot: { firstDelayMs: 5000, maxDelayMs: 60_000, jitter: 0.5, bootsMax: 5 },
};
