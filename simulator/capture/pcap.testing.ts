import type { CapturedFrame } from "../../protocol/pcap/captured-frame.ts";
import { LinkType } from "../../protocol/pcap/captured-frame.ts";
import { buildUdpFrame } from "../../protocol/udp-frame.ts";

const NO_MAC = new Uint8Array(6);

/** A message from a client's port to a server's, as a frame of an Ethernet capture. */
export function frameOf(payload: Uint8Array, atMs: number, serverPort = 67): CapturedFrame {
  const bytes = buildUdpFrame({
    sourceMac: NO_MAC,
    destinationMac: NO_MAC,
    source: 0,
    destination: 0xffff_ffff,
    sourcePort: serverPort + 1,
    destinationPort: serverPort,
    payload,
  });
  return { linkType: LinkType.ethernet, atMs, bytes, wireLength: bytes.length, offset: 0 };
}
