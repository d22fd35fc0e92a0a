import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../base/clock.ts";
import { openUdpSocket } from "../../base/net/udp-socket.ts";
import { answerRequests } from "./answer-requests.ts";
import { StrangerPackets } from "./client-packets.ts";

/** DISCOVERs of unknown modems at a fixed rate; replies are ignored. */
export interface FloodRequest {
  readonly server: { readonly address: number; readonly port: number };
  readonly giaddrs: readonly number[];
  readonly ratePerSecond: number;
  readonly delayMs: number;
  readonly durationMs: number;
}

export interface FloodResult {
  readonly sent: number;
  readonly sendErrors: number;
  readonly achievedPerSecond: number;
}

const TICK_MS = 1;

async function flood(request: FloodRequest): Promise<FloodResult> {
  const { server, giaddrs, ratePerSecond, delayMs, durationMs } = request;
  const socket = await openUdpSocket({ address: 0, port: 0, backend: "batch" });
  try {
    const strangers = new StrangerPackets(giaddrs);
    await sleep(delayMs);
    const startMs = systemClock.monotonicMs();
    let pushed = 0;
    let elapsedMs = 0;
    while (elapsedMs < durationMs) {
      elapsedMs = systemClock.monotonicMs() - startMs;
      const due = Math.floor((Math.min(elapsedMs, durationMs) * ratePerSecond) / 1000);
      for (; pushed < due; pushed += 1) {
        const { length, giaddr } = strangers.writeNext(socket.slot());
        socket.push(length, server.address, server.port, giaddr);
      }
      socket.flush();
      await sleep(TICK_MS);
    }
    const { sent, sendErrors } = socket.counters;
    return { sent, sendErrors, achievedPerSecond: (sent * 1000) / elapsedMs };
  } finally {
    socket.close();
  }
}

answerRequests(flood);
