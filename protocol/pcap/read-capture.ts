import { CaptureError } from "./capture-error.ts";
import type { CapturedFrame } from "./captured-frame.ts";
import { readPcap } from "./read-pcap.ts";
import { readPcapng, SECTION_HEADER } from "./read-pcapng.ts";

const MAGIC_BYTES = 4;

/**
 * The frames of a capture file, pcap or pcapng, of either byte order, one after the other. The file's
 * claims are never trusted: frames are views of `bytes`, and a length beyond the file is refused. Throws
 * CaptureError at the first record that is not whole, after yielding the frames before it.
 */
export function readCapture(bytes: Uint8Array): Generator<CapturedFrame, void, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < MAGIC_BYTES) throw new CaptureError("no capture file: too short", 0);
  return view.getUint32(0) === SECTION_HEADER ? readPcapng(bytes, view) : readPcap(bytes, view);
}
