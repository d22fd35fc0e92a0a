import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { systemClock } from "../../../base/clock.ts";
import { LatencyHistogram } from "../../../base/histogram.ts";
import { wakePunctually } from "../../../base/net/kernel/timer-slack.ts";
import { openUdpSocket, type UdpSocket, waitReadable } from "../../../base/net/udp-socket.ts";
import { LOOPBACK } from "../../../protocol/ipv4.ts";

// What `prov doctor` runs on other threads.

/** About as long as a DISCOVER behind a relay. */
export const DATAGRAM_BYTES = 300;
const REPLY_MS_MAX = 200;
const PAUSE_MS = 1;
/** Shorter gaps are interrupts and the reading itself. */
const GAP_MS_MIN = 0.5;

/** Histograms in HdrHistogram's encoding, which crosses threads. */
export interface RoundTrips {
  readonly roundTrips: string;
  readonly lost: number;
  readonly backend: UdpSocket["backend"];
}

/** Sends datagrams to an echo on loopback, one at a time with a pause between them. */
export async function ping(order: { port: number; durationMs: number }): Promise<RoundTrips> {
  wakePunctually();
  const socket = await openUdpSocket({ address: LOOPBACK, port: 0 });
  const roundTrips = new LatencyHistogram();
  const endMs = systemClock.monotonicMs() + order.durationMs;
  let lost = 0;
  while (systemClock.monotonicMs() < endMs) {
    // One that came too late counts as lost already.
    socket.receive();
    const sentAtMs = systemClock.monotonicMs();
    socket.push(DATAGRAM_BYTES, LOOPBACK, order.port);
    socket.flush();
    await waitReadable([socket], REPLY_MS_MAX);
    if (socket.receive() > 0) roundTrips.recordMs(systemClock.monotonicMs() - sentAtMs);
    else lost += 1;
    await waitReadable([socket], PAUSE_MS);
  }
  socket.close();
  return { roundTrips: roundTrips.toBase64(), lost, backend: socket.backend };
}

/** Waits for datagrams that do not come; returns by how much each wait was too long. */
export async function oversleep(order: { durationMs: number }): Promise<string> {
  wakePunctually();
  const socket = await openUdpSocket({ address: LOOPBACK, port: 0 });
  const late = new LatencyHistogram();
  const endMs = systemClock.monotonicMs() + order.durationMs;
  for (;;) {
    const startMs = systemClock.monotonicMs();
    if (startMs >= endMs) break;
    await waitReadable([socket], PAUSE_MS);
    late.recordMs(systemClock.monotonicMs() - startMs - PAUSE_MS);
  }
  socket.close();
  return late.toBase64();
}

/** What kept a busy thread from running. */
export interface Gaps {
  readonly takenMs: number;
  readonly takenMsMax: number;
  /** While other threads of this machine ran; undefined where Linux does not say. */
  readonly waitedMs: number | undefined;
}

/** Reads the clock without a break. */
export function spin(order: { durationMs: number }): Gaps {
  const waitedBeforeMs = waitedMs();
  const endMs = performance.now() + order.durationMs;
  let takenMs = 0;
  let takenMsMax = 0;
  let lastMs = performance.now();
  while (lastMs < endMs) {
    const nowMs = performance.now();
    const gapMs = nowMs - lastMs;
    lastMs = nowMs;
    if (gapMs < GAP_MS_MIN) continue;
    takenMs += gapMs;
    takenMsMax = Math.max(takenMsMax, gapMs);
  }
  const waitedAfterMs = waitedMs();
  const isKnown = waitedBeforeMs !== undefined && waitedAfterMs !== undefined;
  return {
    ...{ takenMs, takenMsMax },
    waitedMs: isKnown ? waitedAfterMs - waitedBeforeMs : undefined,
  };
}

/** How long this thread was ready to run but did not: the second field of Linux' schedstat, in nanoseconds. */
function waitedMs(): number | undefined {
  try {
    const text = readFileSync("/proc/thread-self/schedstat", "latin1");
    return Number(text.split(" ")[1]) / 1e6;
  } catch {
    return undefined;
  }
}
