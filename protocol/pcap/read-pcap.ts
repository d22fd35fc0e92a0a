import { CaptureError } from "./capture-error.ts";
import type { CapturedFrame } from "./captured-frame.ts";

const HEADER_BYTES = 24;
const RECORD_BYTES = 16;
const MAJOR_VERSION = 2;
// The upper bits of the header's last word give the length of a frame's own checksum.
const LINK_TYPE_MASK = 0x0fff_ffff;

/** Byte order and ticks per second, by the magic number read as big-endian. */
const formats: Readonly<Record<number, { readonly isLittle: boolean; readonly parts: number }>> = {
  2712847316: { isLittle: false, parts: 1e6 },
  3569595041: { isLittle: true, parts: 1e6 },
  2712812621: { isLittle: false, parts: 1e9 },
  1295823521: { isLittle: true, parts: 1e9 },
};

/** The frames of a file of libpcap (draft-ietf-opsawg-pcap). Throws CaptureError. */
export function* readPcap(
  bytes: Uint8Array,
  view: DataView,
): Generator<CapturedFrame, void, undefined> {
  const format = formats[view.getUint32(0)];
  if (format === undefined) throw new CaptureError("no capture file: neither pcap nor pcapng", 0);
  if (bytes.length < HEADER_BYTES) throw new CaptureError("pcap header is cut off", bytes.length);
  const { isLittle, parts } = format;
  if (view.getUint16(4, isLittle) !== MAJOR_VERSION) {
    throw new CaptureError(`pcap version ${view.getUint16(4, isLittle)} is not known`, 4);
  }
  const linkType = view.getUint32(20, isLittle) & LINK_TYPE_MASK;
  let at = HEADER_BYTES;
  while (at < bytes.length) {
    const start = at + RECORD_BYTES;
    if (start > bytes.length) throw new CaptureError("packet header is cut off", at);
    const length = view.getUint32(at + 8, isLittle);
    if (length > bytes.length - start) {
      throw new CaptureError(`packet of ${length} bytes goes beyond the file`, at + 8);
    }
    const fraction = view.getUint32(at + 4, isLittle);
    yield {
      linkType,
      atMs: view.getUint32(at, isLittle) * 1000 + (fraction * 1000) / parts,
      bytes: bytes.subarray(start, start + length),
      wireLength: view.getUint32(at + 12, isLittle),
      offset: at,
    };
    at = start + length;
  }
}
