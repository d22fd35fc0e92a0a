import { inflateSync } from "node:zlib";

const COMPRESSED_COOKIE = 0x1c84_9304;
const COOKIE = 0x1c84_9303;
/** The bits of a cookie that tell the size of a word, which has no meaning in V2. */
const WORD_SIZE = 0xf0;
const COMPRESSED_HEADER_BYTES = 8;
const HEADER_BYTES = 40;
const WORD_BYTES_MAX = 9;
const COUNT_MAX = 0xffff_ffff;
const BASE64_LENGTH_MAX = 1_000_000;

/**
 * The counts of a histogram with a lowest value of 1 and 3 significant digits, by bucket, from HdrHistogram's V2
 * compressed base64. The library is not asked: it loops, and fills memory, as long as a length in the text says.
 * Throws RangeError when the text is not such a histogram, or has a count beyond its `buckets`.
 */
export function countsOf(text: string, buckets: number): Uint32Array {
  if (text.length > BASE64_LENGTH_MAX) {
    throw new RangeError(`a histogram of ${text.length} characters is too long`);
  }
  const bytes = inflated(Buffer.from(text, "base64"), HEADER_BYTES + WORD_BYTES_MAX * buckets);
  if (
    bytes.length < HEADER_BYTES ||
    (bytes.readUInt32BE(0) & ~WORD_SIZE) !== COOKIE ||
    bytes.readUInt32BE(4) !== bytes.length - HEADER_BYTES
  ) {
    throw noHistogram();
  }
  const [digits, lowest] = [bytes.readUInt32BE(12), bytes.readBigUInt64BE(16)];
  if (digits !== 3 || lowest !== 1n) {
    throw new RangeError(`a histogram of ${digits} digits from ${lowest} on is not one of ours`);
  }
  const counts = new Uint32Array(buckets);
  let bucket = 0;
  for (let at = HEADER_BYTES; at < bytes.length; ) {
    // ZigZag, as LEB128 whose ninth byte has eight bits; a negative number skips so many buckets.
    let value = 0;
    for (let place = 0; ; place += 1) {
      if (at === bytes.length) throw noHistogram();
      const byte = bytes[at];
      at += 1;
      const isLast = byte < 0x80 || place === WORD_BYTES_MAX - 1;
      value += (place === WORD_BYTES_MAX - 1 ? byte : byte & 0x7f) * 2 ** (7 * place);
      if (isLast) break;
    }
    if (value % 2 === 1) {
      bucket += (value + 1) / 2;
      continue;
    }
    const count = value / 2;
    if (count > COUNT_MAX || (count > 0 && bucket >= buckets)) {
      throw new RangeError(
        `a histogram with ${count} values in bucket ${bucket} is not one of ours`,
      );
    }
    if (count > 0) counts[bucket] = count;
    bucket += 1;
  }
  return counts;
}

function inflated(bytes: Buffer, bytesMax: number): Buffer {
  const length = bytes.length - COMPRESSED_HEADER_BYTES;
  if (
    length < 0 ||
    (bytes.readUInt32BE(0) & ~WORD_SIZE) !== COMPRESSED_COOKIE ||
    bytes.readUInt32BE(4) !== length
  ) {
    throw noHistogram();
  }
  try {
    return inflateSync(bytes.subarray(COMPRESSED_HEADER_BYTES), { maxOutputLength: bytesMax });
  } catch (error) {
    throw noHistogram(error);
  }
}

function noHistogram(cause?: unknown): RangeError {
  return new RangeError("not a histogram in HdrHistogram's V2 compressed base64", { cause });
}
