import { parentPort, workerData } from "node:worker_threads";
import { openUdpSocket, type UdpSocket } from "../base/net/udp-socket.ts";
import { WorkerLoop } from "./worker-loop.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./worker-messages.ts";

// Between two batches the worker looks at its schedule: small batches keep it on time.
const BATCH_MAX = 128;
const DATAGRAM_BYTES_MAX = 2048;

const port = parentPort;
if (port === null) throw new Error("simulator/worker is started by the coordinator, as a thread");
const start = workerData as WorkerStart;

async function open(localPort: number): Promise<UdpSocket> {
  const { workerIndex, workerCount } = start;
  return openUdpSocket({
    address: 0,
    port: localPort,
    batchMax: BATCH_MAX,
    datagramBytesMax: DATAGRAM_BYTES_MAX,
    ...(workerCount > 1 ? { group: { index: workerIndex, count: workerCount } } : {}),
  });
}

const relaySocket = await open(start.plan.ports.relay);
const deviceSocket = await open(start.plan.ports.client);
const loop = new WorkerLoop({
  start,
  relaySocket,
  deviceSocket,
  batchMax: BATCH_MAX,
  post: (message: FromWorker, transfer: readonly ArrayBuffer[] = []) => {
    port.postMessage(message, transfer);
  },
});
port.on("message", (message: ToWorker) => loop.receive(message));
port.postMessage({ kind: "ready", backend: relaySocket.backend } satisfies FromWorker);
await loop.run();
// The port is what keeps the thread alive.
port.close();
