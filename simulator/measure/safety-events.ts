import { joined, picked } from "../../base/columns.ts";

/** What a worker's devices saw that the safety checker judges, in columns of equal length. */
export type SafetyEvents = Readonly<ReturnType<typeof newEvents>>;

/** `length` events, all of them empty. */
export function newEvents(length: number) {
  return {
    /** ACKNOWLEDGED, FREED, or ANOMALY_FIRST and the number of the anomaly. */
    what: new Uint8Array(length),
    device: new Uint32Array(length),
    address: new Uint32Array(length),
    atMs: new Float64Array(length),
    /** The end of an acknowledged lease by the device's own reckoning. */
    untilMs: new Float64Array(length),
  };
}

export const ACKNOWLEDGED = 0;
/** A lease was given back. */
export const FREED = 1;
export const ANOMALY_FIRST = 2;

export function joinedEvents(batches: readonly SafetyEvents[]): SafetyEvents {
  const [first = newEvents(0), ...others] = batches;
  return others.length === 0 ? first : joined([first, ...others]);
}

/** The numbers of the events by time; events of one instant keep their order. */
export function orderOf({ atMs }: SafetyEvents): Uint32Array {
  const order = Uint32Array.from(atMs.keys());
  return order.sort((a, b) => atMs[a] - atMs[b] || a - b);
}

/** The events of all batches by time; events of one instant keep their order. */
export function inOrder(batches: readonly SafetyEvents[]): SafetyEvents {
  const events = joinedEvents(batches);
  return picked(events, orderOf(events));
}

/** The events by a clock that is `offsetMs` ahead. */
export function shifted(events: SafetyEvents, offsetMs: number): SafetyEvents {
  return {
    ...events,
    atMs: events.atMs.map((ms) => ms + offsetMs),
    // Only an acknowledgement has an end; zero stays zero.
    untilMs: events.untilMs.map((ms) => (ms === 0 ? 0 : ms + offsetMs)),
  };
}

/**
 * The events of one machine, in order of time, for comparison with machines whose clocks differ from its own
 * by up to `marginMs`. Leases end, and are given back, that much earlier, so that a difference of clocks
 * never looks like a double allocation. The events of a device keep their order.
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
