import { DecodeError } from "../../../protocol/decode-error.ts";
import { EncodeError } from "../../../protocol/encode-error.ts";
import { SyslogFramer } from "../../../protocol/syslog/framing.ts";
import {
  encodeSyslog,
  parseSyslog,
  SYSLOG_BYTES_MAX,
  type SyslogMessage,
} from "../../../protocol/syslog/message.ts";
import { logLine } from "../../../server/syslog/log-line.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { check, checkSame, parsed } from "./oracle.ts";

const buffer = new Uint8Array(8 * SYSLOG_BYTES_MAX);
const control = /\p{Cc}/u;

/**
 * The bytes as a datagram, and as a stream of TCP, whose frames do not depend on where it is split. A
 * message is one line of a log; encoded, it is read as the same message from then on.
 */
export const target: FuzzTarget = {
  read: (bytes) => {
    const frames = framesOf([bytes]);
    const middle = bytes.length >>> 1;
    const halves = framesOf([bytes.subarray(0, middle), bytes.subarray(middle)]);
    checkSame("frames of the split stream", halves, frames);
    for (const frame of [bytes, ...frames]) checkMessage(frame);
  },
  words: [
    ...[
      "<134>",
      "<191>1 ",
      "2026-11-24T12:03:28.123Z ",
      "Nov 24 12:03:28 ",
      "- - - - - -",
      "\xef\xbb\xbf",
    ],
    ...['[id@4491 name="value"]', '[a b="\\]"]', "cm[12]: ", "17 <13>"],
  ],
};

function framesOf(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  const frames: Uint8Array[] = [];
  const framer = new SyslogFramer();
  const keep = (frame: Uint8Array): void => void frames.push(frame.slice());
  for (const chunk of chunks) framer.push(chunk, keep);
  framer.end(keep);
  return frames;
}

function checkMessage(bytes: Uint8Array): void {
  const message = parsed(DecodeError, () => parseSyslog(bytes));
  if (message === undefined) return;
  check("a control character in a log line", !control.test(logLine(message, 0, 0)));
  const again = reread(message);
  if (again !== undefined) checkSame("encoded again and again", reread(again), again);
}

/** Undefined when the message does not fit its format any more, or the longest message. */
function reread(message: SyslogMessage): SyslogMessage | undefined {
  const end = parsed(EncodeError, () => encodeSyslog(message, buffer, 0));
  if (end === undefined || end > SYSLOG_BYTES_MAX) return undefined;
  return parsed(DecodeError, () => parseSyslog(buffer.subarray(0, end)));
}
