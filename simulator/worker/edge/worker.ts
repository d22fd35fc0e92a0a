import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../../../base/clock.ts";
import { enterNetworkNamespace } from "../../../base/net/kernel/network-namespace.ts";
import { wakePunctually } from "../../../base/net/kernel/timer-slack.ts";
import { openUdpSocket, type UdpSocket } from "../../../base/net/udp-socket.ts";
import { Population } from "../../../scenarios/population/population.ts";
import { type BootService, bootServices } from "../../boot/boot-step.ts";
import { PcapFile } from "../../capture/edge/pcap-file.ts";
import { PcapRecorder, type SeenDatagram } from "../../capture/pcap-recorder.ts";
import { PcapSocket } from "../../capture/pcap-socket.ts";
import type { FromWorker, ToWorker, WorkerStart } from "../worker-messages.ts";
import { WorkerNetwork } from "../worker-network.ts";
import { warmUp } from "./warm-up.ts";
import { WorkerLoop } from "./worker-loop.ts";

// Between two batches the worker looks at its schedule: small batches keep it on time.
const BATCH_MAX = 128;
const DATAGRAM_BYTES_MAX = 2048;

const port = parentPort;
if (port === null) throw new Error("simulator/worker is started by the coordinator, as a thread");
const start = workerData as WorkerStart;

const { plan, workerIndex, workerCount } = start;
// The relays may have their port in common with a server on loopback, and devices send from addresses of
// their own, for which the portable socket has to share its port.
const how = { batchMax: BATCH_MAX, datagramBytesMax: DATAGRAM_BYTES_MAX, sharesPort: true };
const network = new WorkerNetwork({
  plan,
  population: new Population(plan.population),
  worker: { index: workerIndex, count: workerCount },
  batchMax: BATCH_MAX,
  nowMs: () => systemClock.monotonicMs(),
});

const { capture } = plan;
const captureFile = capture && new PcapFile(`${capture.path}.part${workerIndex}`);
const recorder =
  captureFile &&
  new PcapRecorder({
    population: new Population(plan.population),
    filter: capture.filter,
    bytesMax: Math.floor(capture.bytesMax / workerCount),
    unixMsAtZero: systemClock.wallMs() - systemClock.monotonicMs(),
    write: (bytes) => captureFile.write(bytes),
  });

/** The socket behind the run's network. The recorder sits on the wire's side of the network. */
function behindNetwork(socket: UdpSocket, service: SeenDatagram["service"]): UdpSocket {
  const recorded =
    recorder && new PcapSocket(socket, recorder, service, () => systemClock.monotonicMs());
  return network.behind(recorded ?? socket);
}

async function open(port: number): Promise<UdpSocket> {
  const group = start.group.count > 1 ? { group: start.group } : {};
  const segmentation = plan.segmentation === true && network.isAlwaysFair;
  return behindNetwork(
    await openUdpSocket({ address: 0, port, ...how, ...group, segmentation }),
    "dhcp",
  );
}

/** Devices send from their own addresses, all of them from one port for each protocol. */
async function openBootSockets(): Promise<Record<BootService, UdpSocket>> {
  const sockets: Partial<Record<BootService, UdpSocket>> = {};
  for (const service of bootServices) {
    sockets[service] = behindNetwork(await openUdpSocket({ address: 0, port: 0, ...how }), service);
  }
  return sockets as Record<BootService, UdpSocket>;
}

if (plan.networkNamespace !== undefined) enterNetworkNamespace(plan.networkNamespace);
const relaySocket = await open(plan.ports.relay);
const deviceSocket = await open(plan.ports.client);
/** Small, because nothing reads what a server may answer there. */
const WRONG_PORT_BUFFER_BYTES = 4096;

async function openWrongPort(): Promise<UdpSocket | undefined> {
  if (plan.personas?.some(({ kind }) => kind === "wrong-relay-port") !== true) return undefined;
  const bufferBytes = WRONG_PORT_BUFFER_BYTES;
  return behindNetwork(await openUdpSocket({ address: 0, port: 0, ...how, bufferBytes }), "dhcp");
}

/** Before the coordinator hears that the worker has stopped, because it then joins the parts. */
function closeCapture(): void {
  recorder?.finish(systemClock.monotonicMs());
  captureFile?.close();
}

const bootSockets = plan.boot === undefined ? undefined : await openBootSockets();
const wrongPortSocket = await openWrongPort();
// The next worker opens its sockets meanwhile.
port.postMessage({ kind: "ready", backend: relaySocket.backend } satisfies FromWorker);
warmUp(plan);

const loop = new WorkerLoop({
  start,
  relaySocket,
  deviceSocket,
  bootSockets,
  wrongPortSocket,
  batchMax: BATCH_MAX,
  network,
  recorder,
  post: (message: FromWorker, transfer: readonly ArrayBuffer[] = []) => {
    if (message.kind === "stopped") closeCapture();
    port.postMessage(message, transfer);
  },
});
port.on("message", (message: ToWorker) => {
  if (message.kind === "prepare") network.beginPhase(message.phase);
  loop.receive(message);
});
wakePunctually();
await loop.run();
// The port is what keeps the thread alive.
port.close();
