import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { mergeSections } from "../../protocol/pcap/merge-sections.ts";
import { formatCount } from "../../reports/text/format.ts";
import type { Population } from "../../scenarios/population/population.ts";
import type { CaptureFilter, CapturePlan } from "../../simulator/capture/pcap-recorder.ts";
import { UsageError } from "../options/usage-error.ts";

/** What `--pcap`, `--pcap-max` and `--pcap-filter` say. */
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

/** Undefined without `--pcap`. Throws UsageError for what cannot be written, or never matches. */
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
  try {
    closeSync(openSync(pcap, "w"));
    for (const name of partsOf(pcap)) rmSync(name, { force: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`--pcap ${pcap}: cannot be written (${code})`, { cause: error });
  }
  return { path: pcap, bytesMax: pcapMax * BYTES_A_MIB, filter: pcapFilter };
}

export function parseCaptureFilter(text: string): CaptureFilter {
  if (text === "errors") return { kind: "errors" };
  const match = /^(device|cmts)=(\d{1,9})$/.exec(text);
  if (match === null) {
    throw new UsageError(`--pcap-filter ${text}: write device=12, cmts=3 or errors`);
  }
  const number = Number(match[2]);
  return match[1] === "cmts" ? { kind: "cmts", cmts: number } : { kind: "device", device: number };
}

/** Puts the workers' parts together, takes them away, and says in a line what the file has. */
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

/** Nothing of a worker that never started. */
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
