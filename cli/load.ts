import { UNITS_MAX } from "../scenarios/population/population.ts";
import { formatDurationMs } from "../scenarios/yaml/duration.ts";
import { RATE_MAX } from "../scenarios/yaml/schema-parts.ts";
import { exitStatus } from "./options/exit-status.ts";
import { durationParser, whole } from "./options/options.ts";
import { loadScenarioText } from "./options/scenario-input.ts";
import { Subcommand } from "./options/subcommand.ts";
import { addRunOptions, play } from "./run/command.ts";
import type { RunOptions } from "./run/run-options.ts";

const HOUR_MS = 3_600_000;
const exchanges = ["discover", "boot"] as const;

interface Load {
  readonly rate: number;
  readonly devices: number;
  /** In ms; undefined: each device once. */
  readonly duration?: number;
  readonly exchange: (typeof exchanges)[number];
}

interface LoadOptions extends RunOptions, Load {
  readonly print?: true;
}

/** `prov load`: plays a scenario of one rate, which nobody has to write. */
export async function runLoad(args: readonly string[]): Promise<number> {
  return addRunOptions(
    new Subcommand("prov load")
      .description("load a server at one rate, without a scenario file")
      .value("--rate <number>", "devices that begin a second", whole(1, RATE_MAX), "500")
      .value("--devices <number>", "cable modems, which take turns", whole(1, UNITS_MAX), "5000")
      .value("--duration <time>", "how long (default: until each device had one turn)", {
        parse: durationParser(1000, HOUR_MS),
        how: "write a duration from 1 s to 1 h, such as 30 s",
      })
      .choice("--exchange <exchange>", "discover: DORA; boot: until on line", exchanges, "discover")
      .option("--print", "print the scenario instead, to change it or for prov config"),
  )
    .runs((options: LoadOptions) => {
      const text = loadText(options);
      if (options.print !== true) {
        const loaded = loadScenarioText("load.yaml", text, options.set, options.seed);
        return play(loaded, options, ["prov", "load", ...args]);
      }
      process.stdout.write(text);
      return exitStatus.pass;
    })
    .examples(
      "prov load --rate 500 --devices 5000 --target 10.99.0.1",
      'prov load --rate 2000 --devices 80000 --duration "1 min" --report none',
      "prov load --rate 500 --devices 5000 --print > load.yaml",
    )
    .run(args);
}

/** The scenario, in YAML. A device whose turn comes again has lost its power before, and begins anew. */
export function loadText({ rate, devices, duration, exchange }: Load): string {
  const lengthMs = duration ?? Math.max(1000, Math.ceil((1000 * devices) / rate));
  return `schema: provlab/scenario@1
name: load
title: ${rate} ${exchange}s a second on ${devices} devices
population:
  cableModems: ${devices}
phases:
  - name: load
    powerCycle: true
    streams:
      - exchange: ${exchange}
        ratePerSecond: ${rate}
    duration: ${lengthMs} ms # ${formatDurationMs(lengthMs)}
thresholds:
  - load.${exchange}.timeouts == 0
  - load.${exchange}.achievedRatio >= 0.99
`;
}
