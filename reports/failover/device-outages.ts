import { LatencyHistogram } from "../../base/histogram.ts";
import { distributionOf } from "../result/distribution.ts";
import { type DeviceNotes, NoteKind, type Window } from "./history.ts";

/**
 * The effect of an event on devices. A wait counts if it began in the window and went on after
 * `eventAtMs`; so does everything that the device did while it waited.
 */
export function deviceOutagesOf(
  { what, device, sinceMs, untilMs }: DeviceNotes,
  { fromMs, toMs }: Window,
  eventAtMs: number,
) {
  const waitMs = new Map<number, number>();
  const devices = Array.from({ length: Object.keys(NoteKind).length }, () => new Set<number>());
  for (let index = 0; index < what.length; index += 1) {
    const kind = what[index];
    const isOfWindow = sinceMs[index] >= fromMs && sinceMs[index] < toMs;
    if (!isOfWindow || untilMs[index] <= eventAtMs) continue;
    const who = device[index];
    devices[kind].add(who);
    if (kind !== NoteKind.waited) continue;
    waitMs.set(who, Math.max(waitMs.get(who) ?? 0, untilMs[index] - sinceMs[index]));
  }
  const outages = new LatencyHistogram();
  for (const ms of waitMs.values()) outages.recordMs(ms);
  const unserved = devices[NoteKind.unserved];
  return {
    devicesAffected: new Set([...waitMs.keys(), ...unserved]).size,
    outageMs: distributionOf(outages),
    devicesUnserved: unserved.size,
    devicesRebinding: devices[NoteKind.rebinding].size,
    devicesGivenUp: devices[NoteKind.gaveUp].size,
    leasesExpired: devices[NoteKind.expired].size,
  };
}
