import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import type { Environment, SegmentSummary, Target } from "../../../reports/result/run-result.ts";
import type { Scenario } from "../../../scenarios/language/scenario.ts";
import type { RunPlan } from "../../../simulator/plan/run-plan.ts";
import type { SegmentRecord } from "../../../simulator/run/segment-record.ts";
import { withFile } from "../../options/usage-error.ts";

/** Beside a segment's result.json: what `prov merge` needs. */
export const SEGMENT_FILE = "segment.bin";
const MAGIC = "provlab/segment@1\n";
const HASH_BYTES = 32;
const FILE_BYTES_MAX = 512 * 1024 * 1024;
const CONTENT_BYTES_MAX = 1024 * 1024 * 1024;

/** One segment of a run: what was asked, and what it measured. */
export interface SegmentFile {
  /** Without the boot files, which a merge does not need. */
  readonly plan: Omit<RunPlan, "boot">;
  readonly scenario: Scenario;
  readonly sha256: string;
  readonly target: Target;
  readonly environment: Environment;
  readonly memoryMiB: number;
  readonly summary: SegmentSummary;
  readonly record: SegmentRecord;
}

/** The message says what is wrong with the file of a segment. */
export class SegmentFileError extends Error {
  override readonly name = "SegmentFileError";
}

const typed = (kind: string) =>
  z.custom<object>((value) => Object.prototype.toString.call(value) === `[object ${kind}]`);

// Only the fields that a merge relies on; it checks a phase's report while it adds it.
const shape = z.looseObject({
  plan: z.looseObject({ population: z.looseObject({}), phases: z.array(z.looseObject({})) }),
  scenario: z.looseObject({ name: z.string(), phases: z.array(z.looseObject({})) }),
  sha256: z.string(),
  target: z.looseObject({ address: z.string() }),
  environment: z.looseObject({ provlab: z.string(), commit: z.string() }),
  memoryMiB: z.number(),
  summary: z.looseObject({ segment: z.number(), host: z.string() }),
  record: z.looseObject({
    index: z.int().nonnegative(),
    count: z.int().positive(),
    workers: z.int().positive(),
    startedAtMs: z.number(),
    endedAtMs: z.number(),
    phases: z.array(z.looseObject({ done: z.array(z.looseObject({})) })),
    seconds: z.array(z.looseObject({ second: z.number() })),
    stopped: z.array(z.looseObject({})),
    events: z.looseObject({
      what: typed("Uint8Array"),
      device: typed("Uint32Array"),
      address: typed("Uint32Array"),
      atMs: typed("Float64Array"),
      untilMs: typed("Float64Array"),
    }),
    eventsLost: z.number(),
  }),
});

export function encodeSegment(segment: SegmentFile): Buffer {
  const body = gzipSync(serialize(segment), { level: 1 });
  return Buffer.concat([Buffer.from(MAGIC), createHash("sha256").update(body).digest(), body]);
}

/** Throws SegmentFileError when the bytes are not a whole segment. */
export function decodeSegment(bytes: Uint8Array, name: string): SegmentFile {
  const start = MAGIC.length + HASH_BYTES;
  const magic = Buffer.from(bytes.subarray(0, MAGIC.length)).toString("latin1");
  if (magic !== MAGIC) {
    throw new SegmentFileError(`${name} is not the file of a segment of this version`);
  }
  const body = bytes.subarray(start);
  const hash = createHash("sha256").update(body).digest();
  if (!hash.equals(bytes.subarray(MAGIC.length, start))) {
    throw new SegmentFileError(`${name} is damaged: its check sum is wrong`);
  }
  const problem = (cause: unknown) =>
    new SegmentFileError(`${name} does not hold what a segment has`, { cause });
  let content: unknown;
  try {
    content = deserialize(gunzipSync(body, { maxOutputLength: CONTENT_BYTES_MAX }));
  } catch (error) {
    throw problem(error);
  }
  const parsed = shape.safeParse(content);
  if (!parsed.success) throw problem(parsed.error);
  return content as SegmentFile;
}

/** Reads a segment from its file or from the folder of its results. Throws UsageError and SegmentFileError. */
export function readSegment(path: string): SegmentFile {
  const read = () => {
    const file = statSync(path).isDirectory() ? `${path}/${SEGMENT_FILE}` : path;
    const { size } = statSync(file);
    if (size > FILE_BYTES_MAX) throw new SegmentFileError(`${file}: ${size} bytes are too many`);
    return decodeSegment(readFileSync(file), file);
  };
  return withFile(path, "cannot be read", read, `there is no ${SEGMENT_FILE}`);
}
