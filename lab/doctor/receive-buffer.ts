import { formatBytes, formatCount } from "../../reports/text/format.ts";
import type { Finding } from "./finding.ts";
import { guideLoad } from "./guide-load.ts";

/** What a socket that nobody reads holds before the kernel drops datagrams. */
export interface ReceiveBufferFigures {
  readonly askedBytes: number;
  /** net.core.rmem_max; undefined where the kernel does not show it. */
  readonly rmemMaxBytes: number | undefined;
  /** Datagrams of a DHCP packet's size. */
  readonly heldDatagrams: number;
}

/** Pauses of half a second happen on a busy machine. */
const HELD_SECONDS_MIN = 1;

export function judgeReceiveBuffer(figures: ReceiveBufferFigures): Finding {
  const { askedBytes, rmemMaxBytes, heldDatagrams } = figures;
  if (heldDatagrams === 0) return { state: "unknown", said: "no datagram came", advice: [] };
  const heldSeconds = heldDatagrams / guideLoad.datagramsPerSecond;
  const said = `hold ${formatCount(heldDatagrams)} packets, ${heldSeconds.toFixed(1)} s of the guide's load`;
  if (heldSeconds >= HELD_SECONDS_MIN) return { state: "fine", said, advice: [] };
  const granted = rmemMaxBytes === undefined ? "" : ` and get ${formatBytes(rmemMaxBytes)}`;
  const text =
    `Sockets ask for ${formatBytes(askedBytes)}${granted}, so a longer pause loses packets. A generator with more ` +
    "workers has more buffers (prov run --workers 2); for longer ones";
  return {
    ...{ state: "slow", said },
    advice: [{ text, command: `sudo sysctl -w net.core.rmem_max=${askedBytes}` }],
  };
}
