import { systemClock } from "../../base/clock.ts";
import { openUdpSocket, waitReadable } from "../../base/net/udp-socket.ts";
import { writeAnswer } from "./answer.ts";
import type { ResponderReady, ResponderReport } from "./responder-messages.ts";

// The server of the generator bench, a process of its own: `responder ADDRESS PORT`, the address as a
// number. It answers and remembers nothing; any message asks for a report; it ends with its channel.
const address = Number(process.argv[2]);
const port = Number(process.argv[3]);
const terms = { serverIdentifier: address, leaseSeconds: 86_400 };
const socket = await openUdpSocket({ address, port, segmentation: true });
const WAIT_MS = 1000;

function mark(): Omit<ResponderReport, "kind"> {
  const { received, sent, kernelDrops, sendErrors } = socket.counters;
  const { user, system } = process.cpuUsage();
  return {
    elapsedMs: systemClock.monotonicMs(),
    cpuMs: (user + system) / 1000,
    received,
    sent,
    lost: kernelDrops + sendErrors,
  };
}

let last = mark();
process.on("message", () => {
  const now = mark();
  process.send?.({
    kind: "report",
    elapsedMs: now.elapsedMs - last.elapsedMs,
    cpuMs: now.cpuMs - last.cpuMs,
    received: now.received - last.received,
    sent: now.sent - last.sent,
    lost: now.lost - last.lost,
  } satisfies ResponderReport);
  last = now;
});
process.on("disconnect", () => process.exit());
process.send?.({ kind: "ready" } satisfies ResponderReady);

for (;;) {
  const count = socket.receive();
  for (let i = 0; i < count; i += 1) {
    const length = writeAnswer(socket.bytes(i), terms, socket.slot());
    if (length === 0) continue;
    socket.push(length, socket.sourceAddress(i), socket.sourcePort(i), address);
  }
  socket.flush();
  await waitReadable([socket], WAIT_MS);
}
