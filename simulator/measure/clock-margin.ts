import { FREED, type SafetyEvents } from "./safety-checker.ts";

/**
 * The events of one machine, in order of time, for comparison with those of machines whose clocks are up
 * to `marginMs` apart from its own: leases end, and are given back, that much earlier, so that nobody is
 * accused of what may be a matter of clocks. What happens to one device keeps its order.
 */
export function withClockMargin(events: SafetyEvents, marginMs: number): SafetyEvents {
  if (marginMs === 0) return events;
  const atMs = events.atMs.slice();
  const untilMs = events.untilMs.map((ms) => Math.max(0, ms - marginMs));
  const latestMs = new Map<number, number>();
  for (let at = 0; at < atMs.length; at += 1) {
    const device = events.device[at];
    if (events.what[at] === FREED) {
      const before = latestMs.get(device) ?? Number.NEGATIVE_INFINITY;
      atMs[at] = Math.max(before, atMs[at] - marginMs);
    }
    latestMs.set(device, atMs[at]);
  }
  return { ...events, atMs, untilMs };
}
