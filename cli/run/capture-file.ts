import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { mergeSections } from "../../protocol/pcap/merge-sections.ts";
import { formatCount } from "../../reports/text/format.ts";
import type { Population } from "../../scenarios/population/population.ts";
import type { CaptureFilter, CapturePlan } from "../../simulator/capture/pcap-recorder.ts";
import type { OptionValue } from "../options/options.ts";
import { UsageError, withFile } from "../options/usage-error.ts";

/** Values of `--pcap`, `--pcap-max` and `--pcap-filter`. */
export interface CaptureOptions {
  readonly pcap?: string;
  readonly pcapMax: number;
  readonly pcapFilter?: CaptureFilter;
}

export const CAPTURE_MIB_DEFAULT = 64;
export const CAPTURE_MIB_MAX = 512;
export const WORKERS_MAX = 64;
const BYTES_A_MIB = 1024 * 1024;
const WRITE_BYTES = 1024 * 1024;

/** Undefined without `--pcap`. Throws UsageError for a file that cannot be written, or a filter that never matches. */
export function capturePlanOf(
  { pcap, pcapMax, pcapFilter }: CaptureOptions,
  population: Population,
): CapturePlan | undefined {
  if (pcap === undefined) {
    if (pcapFilter === undefined) return undefined;
    throw new UsageError("--pcap-filter is of --pcap FILE, and there is none");
  }
  if (pcapFilter?.kind === "device" && pcapFilter.device >= population.size) {
    throw new UsageError(`--pcap-filter: the devices are 0 to ${population.size - 1}`);
  }
  if (pcapFilter?.kind === "cmts" && pcapFilter.cmts >= population.cmtsCount) {
    throw new UsageError(`--pcap-filter: the CMTSs are 0 to ${population.cmtsCount - 1}`);
  }
  withFile(`--pcap ${pcap}`, "cannot be written", () => {
    closeSync(openSync(pcap, "w"));
    for (const name of partsOf(pcap)) rmSync(name, { force: true });
  });
  return { path: pcap, bytesMax: pcapMax * BYTES_A_MIB, filter: pcapFilter };
}

export const captureFilter: OptionValue<CaptureFilter> = {
  parse: (text) => {
    if (text === "errors") return { kind: "errors" };
    const [, kind, digits] = /^(device|cmts)=(\d{1,9})$/.exec(text) ?? [];
    const number = Number(digits);
    if (kind === "cmts") return { kind, cmts: number };
    return kind === "device" ? { kind, device: number } : undefined;
  },
  how: "write device=12, cmts=3 or errors",
};

/** Joins the workers' parts, removes them, and returns a line about the file. */
export function finishCapture({ path }: CapturePlan): string {
  const names = partsOf(path);
  const { pieces, wanted, written } = mergeSections(names.flatMap(readPart));
  const fd = openSync(path, "w");
  try {
    let batch: Uint8Array[] = [];
    let bytes = 0;
    for (const piece of pieces) {
      batch.push(piece);
      bytes += piece.length;
      if (bytes < WRITE_BYTES) continue;
      writeAll(fd, Buffer.concat(batch));
      batch = [];
      bytes = 0;
    }
    writeAll(fd, Buffer.concat(batch));
  } finally {
    closeSync(fd);
  }
  for (const name of names) rmSync(name, { force: true });
  const missing = wanted - written;
  const rest =
    missing === 0 ? "" : `, ${formatCount(missing)} more did not fit (--pcap-max, --pcap-filter)`;
  return `capture        ${path}: ${formatCount(written)} packets${rest}\n`;
}

function partsOf(path: string): string[] {
  return Array.from({ length: WORKERS_MAX }, (_, index) => `${path}.part${index}`);
}

/** Empty for a worker that never started. */
function readPart(name: string): Uint8Array[] {
  try {
    return [readFileSync(name)];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
