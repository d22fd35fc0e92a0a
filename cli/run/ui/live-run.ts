import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../../base/clock.ts";
import { formats } from "../../../reports/formats.ts";
import { renderLivePage } from "../../../reports/page/live-page.ts";
import { liveScript } from "../../../reports/page/live-script.ts";
import { formatCount } from "../../../reports/text/format.ts";
import { pageAssets } from "../../../reports/write-files.ts";
import type { Scenario } from "../../../scenarios/language/scenario.ts";
import { Population } from "../../../scenarios/population/population.ts";
import { formatDurationMs } from "../../../scenarios/yaml/duration.ts";
import { interruptible } from "../../options/until-interrupted.ts";
import type { RunWatcher, Steering } from "../watch/run-watch.ts";
import { LiveServer } from "./live-server.ts";
import { LiveView } from "./live-view.ts";

/**
 * `--ui`: a page on which the run is watched and steered. `folder` is where the report will be, `lingerMs` how
 * long the page stays after the run. Rejects with UsageError for a port that is taken.
 */
export async function openLiveRun(
  { name, title, population, seed, thresholds }: Scenario,
  folder: string,
  port: number,
  lingerMs: number,
  { pace, abort }: Steering,
): Promise<RunWatcher> {
  const view = new LiveView(() => pace.pace);
  const about = `${formatCount(new Population(population).size)} devices, seed ${seed}`;
  const assets = pageAssets(liveScript);
  const server = await LiveServer.open({
    port,
    view,
    html: renderLivePage(
      title === "" ? name : title,
      about,
      thresholds.map(({ text }) => text),
      assets,
    ),
    scriptHashes: assets.scriptHashes,
    report: () => reportIn(folder),
    setPace: (wanted) => pace.set(wanted, systemClock.monotonicMs()),
    abort: () => abort.abort(),
  });
  process.stderr.write(`Live view: ${server.url}\n`);
  return {
    second: (progress, row) => {
      server.tell(view.second(progress, row));
    },
    end: (result) => {
      server.tell(view.end({ ...result, hasReport: reportIn(folder) !== undefined }));
    },
    close: async () => {
      if (view.isOver && lingerMs > 0) {
        const time = formatDurationMs(lingerMs);
        process.stderr.write(`The live view stays for ${time}; Ctrl-C ends it.\n`);
        const wait = new AbortController();
        await interruptible(
          () => wait.abort(),
          () => sleep(lingerMs, undefined, { signal: wait.signal }).catch(() => undefined),
        );
      }
      await server.close();
    },
  };
}

function reportIn(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, formats.html.file), "utf8");
  } catch {
    // No report was asked for, or it is not written yet.
    return undefined;
  }
}
