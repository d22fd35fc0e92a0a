import { availableParallelism } from "node:os";
import { systemClock } from "../../../base/clock.ts";
import { LatencyHistogram } from "../../../base/histogram.ts";
import { libcMissingReason } from "../../../base/net/kernel/libc.ts";
import {
  openUdpSocket,
  RECEIVE_BUFFER_BYTES,
  type UdpSocket,
  waitReadable,
} from "../../../base/net/udp-socket.ts";
import { runJobs } from "../../../base/worker-pool.ts";
import { LOOPBACK } from "../../../protocol/ipv4.ts";
import { LabError } from "../../machine/lab-error.ts";
import type { DiskFigures } from "../disk.ts";
import { guideLoad, LEASE_RECORD_BYTES } from "../guide-load.ts";
import type { LoopbackFigures } from "../loopback.ts";
import type { ProcessorFigures } from "../processors.ts";
import type { ReceiveBufferFigures } from "../receive-buffer.ts";
import type { TimerFigures } from "../timers.ts";
import {
  foldersOnOtherDisks,
  isInMemory,
  markMachine,
  rmemMaxBytes,
  takenBetween,
} from "./machine.ts";
import { DATAGRAM_BYTES, type oversleep, type ping, type spin } from "./probes.ts";
import { streamOfSyncs } from "./sync-stream.ts";

// All together less than 20 s.
const DISK_MS = 7000;
const PROCESSORS_MS = 3000;
const TIMERS_MS = 2000;
const LOOPBACK_MS = 2000;
const ECHO_MS_MAX = 50;
/** More than fit into the buffer that our sockets ask for. */
const FLOOD_DATAGRAMS = 32_768;
/** One for the server and one for the generator. */
const SPINNERS = 2;
const BATCH = 256;

const probes = new URL("./probes", import.meta.url);

/** Rejects with LabError when the folder cannot be written to. */
export async function measureDisk(folder: string): Promise<DiskFigures> {
  const { recordsPerSecond } = guideLoad;
  const plan = { folder, durationMs: DISK_MS, recordsPerSecond, recordBytes: LEASE_RECORD_BYTES };
  const { waits } = await streamOfSyncs(plan).catch((error: NodeJS.ErrnoException) => {
    if (error.code === undefined) throw error;
    throw new LabError(`${folder}: cannot be written (${error.code}); name another folder`, {
      cause: error,
    });
  });
  const otherFolders = foldersOnOtherDisks(folder);
  return { folder, waits, isInMemory: isInMemory(folder), otherFolders };
}

export async function measureTimers(): Promise<TimerFigures> {
  const [late] = await runJobs<typeof oversleep>(probes, "oversleep", [{ durationMs: TIMERS_MS }]);
  return { waits: LatencyHistogram.fromBase64(late) };
}

export async function measureProcessors(): Promise<ProcessorFigures> {
  const cores = availableParallelism();
  const spinners = Math.min(SPINNERS, cores);
  const before = markMachine(systemClock.monotonicMs());
  const gaps = await runJobs<typeof spin>(
    ...[probes, "spin", Array.from({ length: spinners }, () => ({ durationMs: PROCESSORS_MS }))],
  );
  const taken = takenBetween(before, markMachine(systemClock.monotonicMs()));
  const percentOf = (ms: number): number => (100 * ms) / (spinners * PROCESSORS_MS);
  const sum = (pick: (gap: (typeof gaps)[number]) => number): number =>
    gaps.reduce((ms, gap) => ms + pick(gap), 0);
  const isWaitKnown = gaps.every(({ waitedMs }) => waitedMs !== undefined);
  return {
    ...{ cores, ...taken },
    takenPercent: percentOf(sum(({ takenMs }) => takenMs)),
    takenMsMax: Math.max(...gaps.map(({ takenMsMax }) => takenMsMax)),
    waitedPercent: isWaitKnown ? percentOf(sum(({ waitedMs = 0 }) => waitedMs)) : undefined,
  };
}

export async function measureLoopback(): Promise<LoopbackFigures> {
  const echo = await openUdpSocket({ address: LOOPBACK, port: 0 });
  let isOver = false;
  const order = { port: echo.localPort, durationMs: LOOPBACK_MS };
  const pinged = runJobs<typeof ping>(probes, "ping", [order]).finally(() => {
    isOver = true;
  });
  const [[{ roundTrips, ...counted }]] = await Promise.all([pinged, echoUntil(echo, () => isOver)]);
  return {
    ...{ ...counted, batchMissing: libcMissingReason() },
    waits: LatencyHistogram.fromBase64(roundTrips),
  };
}

async function echoUntil(echo: UdpSocket, isOver: () => boolean): Promise<void> {
  try {
    while (!isOver()) {
      await waitReadable([echo], ECHO_MS_MAX, isOver);
      echoAll(echo);
    }
  } finally {
    echo.close();
  }
}

function echoAll(socket: UdpSocket): void {
  const received = socket.receive();
  for (let i = 0; i < received; i += 1) {
    const bytes = socket.bytes(i);
    socket.slot().set(bytes);
    socket.push(bytes.length, socket.sourceAddress(i), socket.sourcePort(i));
  }
  socket.flush();
}

/** Fills the buffer of a socket that nobody reads, then counts what it holds. */
export async function measureReceiveBuffer(): Promise<ReceiveBufferFigures> {
  // The buffer is the kernel's, and the portable socket does not say what overflowed.
  const options = { address: LOOPBACK, port: 0, backend: "batch" } as const;
  const [full, sender] = [await openUdpSocket(options), await openUdpSocket(options)];
  for (let sent = 0; sent < FLOOD_DATAGRAMS && full.counters.kernelDrops === 0; ) {
    for (const end = sent + BATCH; sent < end; sent += 1) {
      sender.push(DATAGRAM_BYTES, LOOPBACK, full.localPort);
    }
    sender.flush();
  }
  let heldDatagrams = 0;
  for (let received = 1; received > 0; heldDatagrams += received) received = full.receive();
  full.close();
  sender.close();
  return { askedBytes: RECEIVE_BUFFER_BYTES, rmemMaxBytes: rmemMaxBytes(), heldDatagrams };
}
