import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../base/clock.ts";
import { formats } from "../../../reports/formats.ts";
import { renderLivePage } from "../../../reports/page/live-page.ts";
import { liveScript } from "../../../reports/page/live-script.ts";
import { formatCount } from "../../../reports/text/format.ts";
import { pageAssets } from "../../../reports/write-files.ts";
import type { Scenario } from "../../../scenarios/language/scenario.ts";
import { formatDurationMs } from "../../../scenarios/yaml/duration.ts";
import type { RunPace } from "../../../simulator/run/run-pace.ts";
import type { RunWatcher } from "../watch/run-watch.ts";
import { LiveServer } from "./live-server.ts";
import { LiveView } from "./live-view.ts";

export interface LiveRunOptions {
  readonly scenario: Pick<Scenario, "name" | "title">;
  readonly devices: number;
  readonly seed: number;
  /** Where the report will be. */
  readonly folder: string;
  readonly port: number;
  /** How long the page is there after the run. */
  readonly lingerMs: number;
  readonly pace: RunPace;
  readonly abort: () => void;
}

/** `--ui`: a page on which the run is watched and steered. Rejects with UsageError for a port that is taken. */
export async function openLiveRun(options: LiveRunOptions): Promise<RunWatcher> {
  const { scenario, devices, seed, folder, port, lingerMs, pace, abort } = options;
  const view = new LiveView(() => pace.pace);
  const title = scenario.title === "" ? scenario.name : scenario.title;
  const about = `${formatCount(devices)} devices, seed ${seed}`;
  const assets = pageAssets(liveScript);
  const server = await LiveServer.open({
    port,
    view,
    html: renderLivePage(title, about, assets),
    scriptHashes: assets.scriptHashes,
    report: () => reportIn(folder),
    setPace: (wanted) => pace.set(wanted, systemClock.monotonicMs()),
    abort,
  });
  process.stderr.write(`Live view: ${server.url}\n`);
  return {
    second: (progress, row) => {
      server.tell(view.second(progress, row));
    },
    end: (end) => {
      server.tell(view.end({ ...end, hasReport: reportIn(folder) !== undefined }));
    },
    close: async () => {
      if (view.isOver && lingerMs > 0) {
        const time = formatDurationMs(lingerMs);
        process.stderr.write(`The live view stays for ${time}; Ctrl-C ends it.\n`);
        await interruptible(lingerMs);
      }
      await server.close();
    },
  };
}

function reportIn(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, formats.html.file), "utf8");
  } catch {
    // None was asked for, or it is not written yet.
    return undefined;
  }
}

/** Waits; Ctrl-C ends the wait, and not the program. */
async function interruptible(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      process.off("SIGINT", end).off("SIGTERM", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    process.on("SIGINT", end).on("SIGTERM", end);
  });
}
