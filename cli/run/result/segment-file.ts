import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { withFile } from "../../options/usage-error.ts";
import { type OrderedRun, type RunOrder, RunOrderError, readRunOrder } from "../plan/run-order.ts";
import { type Measurement, measurement } from "./measurement-schema.ts";
import { PackedError, pack, unpack } from "./packed.ts";

/** Beside a segment's result.json: what `prov merge` needs. */
export const SEGMENT_FILE = "segment.bin";
const MAGIC = "provlab/segment@2\n";
const HASH_BYTES = 32;
const FILE_BYTES_MAX = 512 * 1024 * 1024;
/** All lease events that a run keeps are 400 MiB. */
const CONTENT_BYTES_MAX = 512 * 1024 * 1024;

/** One segment of a run: what was asked, and what it measured. */
export type Segment = OrderedRun & Measurement;

/** The message says what is wrong with the file of a segment. */
export class SegmentFileError extends Error {
  override readonly name = "SegmentFileError";
}

/** Throws SegmentFileError for more than a segment may hold. The boot files stay out: a merge does not need them. */
export function encodeSegment({ files: _, ...order }: RunOrder, measured: Measurement): Buffer {
  const body = packed({ order, measured });
  return Buffer.concat([Buffer.from(MAGIC), createHash("sha256").update(body).digest(), body]);
}

/** Throws SegmentFileError when the bytes are not a whole segment. */
export function decodeSegment(bytes: Uint8Array, name: string): Segment {
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
  const { order, measured } = unpacked(body, name, content);
  return { ...checked(name, () => readRunOrder(order)), ...measured };
}

const content = z.strictObject({ order: z.unknown(), measured: measurement });

/** What an agent measured. Throws SegmentFileError for more than a segment may hold. */
export function encodeMeasurement(measured: Measurement): Buffer {
  return packed(measured);
}

/** Throws SegmentFileError when the bytes are not what one process of a run measured. */
export function decodeMeasurement(bytes: Uint8Array, name: string): Measurement {
  return unpacked(bytes, name, measurement);
}

function packed(value: unknown): Buffer {
  return checked("the segment", () => pack(value, CONTENT_BYTES_MAX));
}

function unpacked<Schema extends z.ZodType>(
  bytes: Uint8Array,
  name: string,
  schema: Schema,
): z.output<Schema> {
  const parsed = schema.safeParse(checked(name, () => unpack(bytes, CONTENT_BYTES_MAX)));
  if (parsed.success) return parsed.data;
  throw new SegmentFileError(`${name} does not hold what a segment has`, { cause: parsed.error });
}

function checked<T>(name: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof PackedError || error instanceof RunOrderError)) throw error;
    throw new SegmentFileError(`${name} does not hold what a segment has: ${error.message}`, {
      cause: error,
    });
  }
}

/** Reads a segment from its file or from the folder of its results. Throws UsageError and SegmentFileError. */
export function readSegment(path: string): Segment {
  const read = () => {
    const file = statSync(path).isDirectory() ? `${path}/${SEGMENT_FILE}` : path;
    const { size } = statSync(file);
    if (size > FILE_BYTES_MAX) throw new SegmentFileError(`${file}: ${size} bytes are too many`);
    return decodeSegment(readFileSync(file), file);
  };
  return withFile(path, "cannot be read", read, `there is no ${SEGMENT_FILE}`);
}
