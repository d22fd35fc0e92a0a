import type { Logger } from "../../../base/log.ts";
import { leaseTableOf, loadConfig, readConfigFile } from "../../config/edge/load-config.ts";
import type { ServerConfig } from "../../config/model/model.ts";
import { StartError } from "../../process/start-error.ts";
import { completeConfig } from "../../registry/complete-config.ts";
import { Replay, type ReplayDifference } from "../replay.ts";
import { type EndReason, TraceFormatError, type TraceRecord } from "../trace-format.ts";
import { TraceStart } from "../trace-start.ts";

export interface PlayOptions {
  readonly path: string;
  readonly records: Iterable<TraceRecord>;
  /** Replaces the recorded configuration (`-cf`). */
  readonly configFile: string | undefined;
  /** Prints one line of the result. */
  readonly print: (line: string) => void;
  readonly logger: Logger;
}

/**
 * Plays a trace back (`-play`) and prints every reply that differs from the recorded one. Returns how
 * many packets are answered differently. Throws StartError when the trace or the configuration cannot be
 * used.
 */
export function playTrace({ path, records, configFile, print, logger }: PlayOptions): number {
  let config: ServerConfig | undefined;
  const start = new TraceStart((texts) => {
    config =
      configFile === undefined
        ? recordedConfig(path, texts, logger)
        : loadConfig(configFile, logger, readConfigFile, "allowed");
    return leaseTableOf(config);
  });
  let replay: Replay | undefined;
  let end: EndReason | undefined;
  try {
    for (const record of records) {
      if (replay === undefined) {
        const begun = start.take(record);
        if (begun === undefined) continue;
        const complete = completeConfig(config!, begun.hosts, path, logger);
        const onDifference = (difference: ReplayDifference): void => tell(difference, print);
        replay = new Replay({ config: complete, ...begun, onDifference, logger });
        const from = new Date(begun.setup.wallMs).toISOString();
        print(`${path}: recorded from ${from} by ${begun.setup.program}`);
      } else {
        replay.play(record);
      }
      if (record.kind === "end") end = record.reason;
    }
  } catch (error) {
    if (!(error instanceof TraceFormatError)) throw error;
    throw new StartError(`${path} is damaged: ${error.message}.`, { cause: error });
  }
  if (replay === undefined) throw new StartError(`${path} ends before the server had started.`);
  replay.finish(end === "stopped" || end === "full");
  const { packets, replies, differences } = replay.summary;
  print(
    `${packets} packets, ${replies} replies recorded, ${differences} differences${endings[end ?? "none"]}`,
  );
  return differences;
}

const endings: Readonly<Record<EndReason | "none", string>> = {
  stopped: "",
  full: "; the recording ends at its size limit",
  failed: "; the recording ends because the server broke",
  none: "; the recording was cut off",
};

function recordedConfig(
  path: string,
  texts: ReadonlyMap<string, string>,
  logger: Logger,
): ServerConfig {
  const [main] = texts.keys();
  if (main === undefined) throw new StartError(`${path} has no configuration: give one by -cf.`);
  const read = (name: string): string => {
    const text = texts.get(name);
    if (text === undefined) throw new Error(`${name} is not in ${path}`);
    return text;
  };
  // `execute` is always accepted: a replay runs no commands.
  return loadConfig(main, logger, read, "allowed");
}

function tell(difference: ReplayDifference, print: (line: string) => void): void {
  const { packet, arrivedAtMs, summary, lines } = difference;
  print(`packet ${packet}, ${new Date(arrivedAtMs).toISOString()}, ${summary}`);
  for (const line of lines) print(`  ${line}`);
}
