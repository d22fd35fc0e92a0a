/** What answers every datagram: echo, daytime, quotd, chargen. An answer to them goes round for ever. */
const answeringPorts: readonly number[] = [7, 13, 17, 19];
const timePort = 37;
/** 2020-01-01: a clock that shows less was never set, for this program is younger. */
const unixSecondsMin = 1_577_836_800;

export const timeDropReasons = ["clock-not-set", "loop"] as const;
export type TimeDropReason = (typeof timeDropReasons)[number];

/** RFC 868: a server that does not know the time keeps silent. */
export function isClockSet(unixSeconds: number): boolean {
  return unixSeconds >= unixSecondsMin;
}

/**
 * Whether a datagram to the Time service is answered; a reason if not. The length does not matter
 * (RFC 868 has clients send an empty one, and some do not), except from another Time server, whose
 * answers have four bytes: two servers that answer each other's answers never stop.
 */
export function timeRefusal(
  datagramBytes: number,
  sourcePort: number,
  unixSeconds: number,
): TimeDropReason | undefined {
  if (!isClockSet(unixSeconds)) return "clock-not-set";
  if (sourcePort === 0 || answeringPorts.includes(sourcePort)) return "loop";
  if (sourcePort === timePort && datagramBytes > 0) return "loop";
  return undefined;
}
