import { zlibSync } from "fflate";
import { LatencyHistogram } from "../../../base/histogram.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { check, checkSame, parsed } from "./oracle.ts";

/** HdrHistogram's V2 compressed encoding. */
const COMPRESSED_COOKIE = 0x1c84_9314;

/** The bytes as what is compressed in a `result.json`; a histogram is encoded to one with the same values. */
export const target: FuzzTarget = {
  read: (bytes) => {
    const histogram = parsed(RangeError, () => LatencyHistogram.fromBase64(compressed(bytes)));
    if (histogram === undefined) return;
    const figures = figuresOf(histogram);
    for (const [name, figure] of Object.entries(figures)) {
      check(`${name} is ${figure}`, Number.isFinite(figure) && figure >= 0);
    }
    const again = LatencyHistogram.fromBase64(histogram.toBase64());
    checkSame("encoded again", figuresOf(again), figures);
  },
  words: ["\x1c\x84\x93\x13", "\0\0\0\x03", "\0\0\0\0\xd6\x93\xa4\0", "\x7f\xff\xff\xff"],
};

function compressed(bytes: Uint8Array): string {
  const body = zlibSync(bytes, { level: 1 });
  const whole = Buffer.alloc(8 + body.length);
  whole.writeUInt32BE(COMPRESSED_COOKIE, 0);
  whole.writeUInt32BE(body.length, 4);
  whole.set(body, 8);
  return whole.toString("base64");
}

function figuresOf(histogram: LatencyHistogram) {
  return {
    count: histogram.count,
    p50: histogram.percentileMs(50),
    p999: histogram.percentileMs(99.9),
    max: histogram.maxMs(),
    mean: histogram.meanMs(),
  };
}
