/** Services that answer every datagram (echo, daytime, quotd, chargen), so answering them never ends. */
const answeringPorts: readonly number[] = [7, 13, 17, 19];
const timePort = 37;
/** 2020-01-01: a clock that shows an earlier time was never set. */
const unixSecondsMin = 1_577_836_800;

export type TimeDropReason = "clock-not-set" | "loop";

/** RFC 868: a server that does not know the time does not answer. */
export function isClockSet(unixSeconds: number): boolean {
  return unixSeconds >= unixSecondsMin;
}

/**
 * Why a datagram to the Time service gets no answer; undefined when it gets one. The length does not
 * matter (RFC 868 has clients send an empty datagram, and some do not), except from another Time server:
 * its answers have four bytes, and two servers would answer each other for ever.
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
