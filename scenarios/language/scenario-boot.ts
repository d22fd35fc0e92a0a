import { formatDurationMs } from "./duration.ts";
import type { Report, ScenarioBoot } from "./scenario.ts";
import type { BootSection } from "./scenario-schema.ts";

/** The `boot` section; tells waits that would never begin or never grow. */
export function bootOf(section: BootSection, report: Report): ScenarioBoot {
  const { tftp, cmts, reboot, files } = section;
  const { firstRetry, maxRetry, timeoutSeconds, ...transfer } = tftp;
  const { firstDelay, maxDelay, bootsMax } = reboot;
  checkWaits(
    "tftp",
    { name: "firstRetry", ms: firstRetry },
    { name: "maxRetry", ms: maxRetry },
    report,
  );
  checkWaits(
    "reboot",
    { name: "firstDelay", ms: firstDelay },
    { name: "maxDelay", ms: maxDelay },
    report,
  );
  return {
    tftp: { ...transfer, timeoutSeconds, firstRetryMs: firstRetry, maxRetryMs: maxRetry },
    cmts: {
      rangingPerSecond: cmts.rangingPerSecond,
      registrationPerSecond: cmts.registrationPerSecond,
    },
    reboot: { firstDelayMs: firstDelay, maxDelayMs: maxDelay, bootsMax },
    files,
  };
}

interface Wait {
  readonly name: string;
  readonly ms: number;
}

function checkWaits(section: string, first: Wait, longest: Wait, report: Report): void {
  if (first.ms <= 0) {
    report(["boot", section, first.name], "is no wait: write a duration of 1 ms or more");
  }
  if (longest.ms < first.ms) {
    const message = `is shorter than ${first.name}, which is ${formatDurationMs(first.ms)}`;
    report(["boot", section, longest.name], message);
  }
}
