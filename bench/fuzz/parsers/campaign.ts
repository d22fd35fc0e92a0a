import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { runToEnd } from "../../../lab/machine/run-to-end.ts";
import { latin1Bytes } from "../../../protocol/latin1.ts";
import { knownInputs } from "./corpus.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { Growth, type GrowthRow, growthTable } from "./growth.ts";
import {
  dictionaryOf,
  environmentFor,
  type JazzerReport,
  jazzerCommand,
  jazzerReport,
} from "./jazzer.ts";
import { type FuzzTargetName, fuzzTargets } from "./targets.ts";

export interface ParserCampaign {
  readonly names: readonly FuzzTargetName[];
  /** Of fuzzing; a process takes some seconds to begin. */
  readonly seconds: number;
  readonly seed: number;
  /** Exists; what is found goes there, and a later campaign goes on from it. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
  readonly onResult: (text: string) => void;
}

const SLICE_SECONDS_MAX = 60;
/** For a process to begin, and for the inputs that it knows. */
const BEGIN_MS_MAX = 240_000;
const MEMORY_MIB_MAX = 2048;
const OUTPUT_CHARACTERS_MAX = 8 * 1024 * 1024;
const SEED_MAX = 0x7fff_ffff;

/**
 * Fuzzes the parsers in turns, each in a process of its own, until the time is over. One that was found at fault
 * gets no further turn. True when nothing was found.
 */
export async function fuzzParsers(campaign: ParserCampaign): Promise<boolean> {
  const { names, seconds, signal, onProgress, onResult } = campaign;
  const startMs = performance.now();
  const parsers = await Promise.all(names.map((name) => prepared(name, campaign)));
  const sliceSeconds = Math.max(1, Math.min(SLICE_SECONDS_MAX, Math.floor(seconds / names.length)));
  let left = seconds;
  for (let turn = 0; left > 0 && !signal.aborted; turn += 1) {
    const parser = parsers[turn % parsers.length];
    if (parsers.every(({ finding }) => finding !== undefined)) break;
    if (parser.finding !== undefined) continue;
    const spent = Math.min(sliceSeconds, left);
    left -= spent;
    const report = await slice(parser, spent, 1 + ((campaign.seed + turn) % SEED_MAX), signal);
    if (report === undefined) break;
    parser.growth.add(report, performance.now() - startMs);
    if (report.finding !== undefined) {
      parser.finding = `${parser.name}: ${report.finding.what}\n  input: ${report.finding.input ?? "none"}`;
      onProgress(parser.finding);
    }
    const { executions, edges } = parser.growth;
    onProgress(`${parser.name}: ${executions} executions, ${edges} edges; ${left} s left`);
  }
  const rows = parsers.map(({ name, growth, finding, found }): GrowthRow => {
    return { name, growth, inputs: readdirSync(found).length, isFound: finding !== undefined };
  });
  const findings = parsers.flatMap(({ finding }) => finding ?? []);
  onResult(
    [
      growthTable(rows, performance.now() - startMs),
      ...findings.map((line) => `FOUND ${line}\n`),
    ].join(""),
  );
  return findings.length === 0;
}

interface Parser {
  readonly name: FuzzTargetName;
  readonly growth: Growth;
  readonly folder: string;
  /** The folder of new inputs. */
  readonly found: string;
  finding: string | undefined;
}

/** Writes what is known: the inputs as files with names of their own, and the dictionary. */
async function prepared(name: FuzzTargetName, campaign: ParserCampaign): Promise<Parser> {
  const folder = join(campaign.folder, name);
  const known = join(folder, "known");
  rmSync(known, { recursive: true, force: true });
  for (const each of [known, join(folder, "found"), join(folder, "faults")]) {
    mkdirSync(each, { recursive: true });
  }
  for (const [number, { path, bytes }] of knownInputs(name).entries()) {
    writeFileSync(join(known, `${number}-${basename(path)}`), bytes);
  }
  const { target }: { readonly target: FuzzTarget } = await fuzzTargets[name].load();
  writeFileSync(join(folder, "words.dict"), latin1Bytes(dictionaryOf(target.words ?? [])));
  const found = join(folder, "found");
  return { name, growth: new Growth(), folder, found, finding: undefined };
}

/** Undefined when the signal ended it. */
async function slice(
  { name, folder, found }: Parser,
  seconds: number,
  seed: number,
  signal: AbortSignal,
): Promise<JazzerReport | undefined> {
  const command = jazzerCommand([found, join(folder, "known")], {
    ...{ max_total_time: seconds, seed, rss_limit_mb: MEMORY_MIB_MAX },
    ...{ dict: join(folder, "words.dict"), artifact_prefix: `${join(folder, "faults")}/` },
    ...{ print_final_stats: 1 },
  });
  try {
    const { status, output } = await runToEnd(command, {
      ...{
        signal,
        msMax: seconds * 1000 + BEGIN_MS_MAX,
        outputCharactersMax: OUTPUT_CHARACTERS_MAX,
      },
      environment: environmentFor(name),
    });
    writeFileSync(join(folder, "output.txt"), output);
    return jazzerReport(output, status);
  } catch (error) {
    if (!signal.aborted) throw error;
    return undefined;
  }
}
