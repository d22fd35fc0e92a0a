import { parentPort, workerData } from "node:worker_threads";
import { wakePunctually } from "../base/net/timer-slack.ts";
import { openUdpSocket, type UdpSocket } from "../base/net/udp-socket.ts";
import { openUnsharedUdpSocket } from "../base/net/unshared-port.ts";
import { hash32 } from "../base/prng.ts";
import { type BootService, bootServices } from "./boot/boot-step.ts";
import { type ImpairedSocket, impairedSocket } from "./impaired-socket.ts";
import { WorkerLoop } from "./worker-loop.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./worker-messages.ts";

// Between two batches the worker looks at its schedule: small batches keep it on time.
const BATCH_MAX = 128;
const DATAGRAM_BYTES_MAX = 2048;

const port = parentPort;
if (port === null) throw new Error("simulator/worker is started by the coordinator, as a thread");
const start = workerData as WorkerStart;

const { plan, workerIndex, workerCount } = start;
const sizes = { batchMax: BATCH_MAX, datagramBytesMax: DATAGRAM_BYTES_MAX };
const impaired: ImpairedSocket[] = [];

/** With the conditions of the plan's network; without any, the socket as it is. */
function behindNetwork(socket: UdpSocket): UdpSocket {
  const { lossPercent } = plan.network;
  if (lossPercent === 0) return socket;
  const seed = hash32(plan.seed, workerIndex, impaired.length);
  const behind = impairedSocket(socket, { lossPercent, seed, batchMax: BATCH_MAX });
  impaired.push(behind);
  return behind;
}

async function open(port: number): Promise<UdpSocket> {
  const group = workerCount > 1 ? { group: { index: workerIndex, count: workerCount } } : {};
  const segmentation = plan.segmentation === true && plan.network.lossPercent === 0;
  return behindNetwork(await openUdpSocket({ address: 0, port, ...sizes, ...group, segmentation }));
}

/** Devices ask from their own addresses, all from one port a protocol. */
async function openBootSockets(): Promise<Record<BootService, UdpSocket>> {
  const sockets: Partial<Record<BootService, UdpSocket>> = {};
  for (const service of bootServices) {
    sockets[service] = behindNetwork(
      await openUnsharedUdpSocket({ address: 0, port: 0, ...sizes }),
    );
  }
  return sockets as Record<BootService, UdpSocket>;
}

const relaySocket = await open(plan.ports.relay);
const deviceSocket = await open(plan.ports.client);
const loop = new WorkerLoop({
  start,
  relaySocket,
  deviceSocket,
  bootSockets: plan.boot === undefined ? undefined : await openBootSockets(),
  batchMax: BATCH_MAX,
  dropped: () =>
    impaired.reduce(
      (sum, { impairments }) => sum + impairments.lostOnSend + impairments.lostOnReceive,
      0,
    ),
  post: (message: FromWorker, transfer: readonly ArrayBuffer[] = []) => {
    port.postMessage(message, transfer);
  },
});
port.on("message", (message: ToWorker) => loop.receive(message));
wakePunctually();
port.postMessage({ kind: "ready", backend: relaySocket.backend } satisfies FromWorker);
await loop.run();
// The port is what keeps the thread alive.
port.close();
