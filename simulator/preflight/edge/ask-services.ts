import { systemClock } from "../../../base/clock.ts";
import { openUdpSocket, type UdpSocket, waitReadable } from "../../../base/net/udp-socket.ts";
import { hash32 } from "../../../base/prng.ts";
import { DecodeError } from "../../../protocol/decode-error.ts";
import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { type DhcpPacket, decodePacket, messageType } from "../../../protocol/dhcp/packet.ts";
import { encodeError } from "../../../protocol/tftp/packet.ts";
import {
  type DeviceKind,
  deviceKinds,
  Population,
} from "../../../scenarios/population/population.ts";
import { bootParametersOf } from "../../boot/boot-parameters.ts";
import { MessageTemplates } from "../../device/message/message-templates.ts";
import type { RunPlan } from "../../plan/run-plan.ts";
import { PACKET_BYTES_MAX, RelayAgents } from "../../relay/cmts.ts";
import { type AskedService, type Question, questionsOf } from "../first-questions.ts";

/** What the preflight found. */
export interface FirstAnswers {
  /** Kinds of devices of the plan, and whether a DHCP server offered one of them an address. */
  readonly kinds: ReadonlyMap<DeviceKind, boolean>;
  /** Services of a boot of which no server answered, with the servers. */
  readonly silent: ReadonlyMap<AskedService, readonly number[]>;
}

/**
 * When a question is asked, and asked again. A server that pings an address first takes a second; a standby
 * whose partner is gone answers once several clients have asked for long enough.
 */
const ASK_AT_MS = [0, 1000, 2500, 5000];
const WAIT_MS_MAX = 6000;
const LOOK_EVERY_MS = 20;
/** The relay may have the port in common with a server on loopback. */
const how = { batchMax: 32, datagramBytesMax: 2048, sharesPort: true };

/**
 * Asks the servers of a plan what its devices will ask them first, once: the first device of each kind sends
 * a DISCOVER through its CMTS, and what its OFFER names is asked from the address in it. No lease comes of
 * it: an OFFER that nobody takes is free again, and the device is offered the same address later. Takes 6
 * seconds where somebody does not answer, and 6 more for the services of a boot. Throws SocketError.
 */
export async function askServices(plan: RunPlan): Promise<FirstAnswers> {
  const population = new Population(plan.population);
  const relaySocket = await openUdpSocket({ address: 0, port: plan.ports.relay, ...how });
  const offers = await discoverEachKind(plan, population, relaySocket);
  relaySocket.close();
  const kinds = deviceKinds.filter((_, index) => population.countOf[index] > 0);
  const ofBoots = plan.boot === undefined ? [] : [...offers];
  const questions = ofBoots.flatMap(([kind, offer]) =>
    questionsOf(kind, bootParametersOf(offer), systemClock.wallMs()),
  );
  return {
    kinds: new Map(kinds.map((kind) => [kind, offers.has(kind)])),
    silent: await askAll(questions, plan.boot?.policy.ports),
  };
}

/** The first OFFER to each kind of device. */
async function discoverEachKind(
  plan: RunPlan,
  population: Population,
  socket: UdpSocket,
): Promise<ReadonlyMap<DeviceKind, DhcpPacket>> {
  const offers = new Map<DeviceKind, DhcpPacket>();
  const templates = new MessageTemplates(population);
  const relays = new RelayAgents(population, plan.servers, {
    relayBuffer: () => socket.slot().subarray(0, PACKET_BYTES_MAX),
    sendFromRelay: (cmts, length, server, port) =>
      socket.push(length, server, port, population.cmts(cmts).giaddr),
  });
  const xidOf = (device: number): number => hash32(plan.seed, PREFLIGHT, device);
  const waiting = new Map(
    deviceKinds.flatMap((_, index) =>
      population.countOf[index] === 0 ? [] : [[xidOf(population.firstOf[index]), index] as const],
    ),
  );
  const ask = (sinceMs: number): void => {
    for (const [xid, index] of waiting) {
      const device = population.firstOf[index];
      const bytes = relays.buffer();
      const secs = Math.floor(sinceMs / 1000);
      const fields = { xid, secs, ciaddr: 0, requested: 0, server: 0 };
      const length = templates.write(device, "discover", fields, bytes);
      relays.forward(device, bytes, templates.endOffset, length);
    }
    socket.flush();
  };
  await askUntil([socket], ask, () => {
    for (const bytes of received(socket)) {
      const packet = decoded(bytes);
      const index = packet && waiting.get(packet.xid);
      if (index === undefined || messageType(packet!) !== MessageType.offer) continue;
      offers.set(deviceKinds[index], packet!);
      waiting.delete(packet!.xid);
    }
    return waiting.size === 0;
  });
  return offers;
}

const PREFLIGHT = 0x7072_6566;

type Ports = Readonly<Record<AskedService, number>>;

/** The services of which no server answered. */
async function askAll(
  questions: readonly Question[],
  ports: Ports | undefined,
): Promise<ReadonlyMap<AskedService, readonly number[]>> {
  const services = [...new Set(questions.map(({ service }) => service))];
  const silent = new Map(
    services.map((service) => {
      const servers = questions.filter((each) => each.service === service);
      return [service, [...new Set(servers.map(({ server }) => server))]];
    }),
  );
  if (ports === undefined || silent.size === 0) return silent;
  const sockets = new Map<AskedService, UdpSocket>();
  for (const service of services) {
    sockets.set(service, await openUdpSocket({ address: 0, port: 0, ...how }));
  }
  const ask = (): void => {
    for (const { service, server, source, bytes } of questions) {
      const socket = sockets.get(service)!;
      if (!silent.has(service)) continue;
      socket.slot().set(bytes);
      socket.push(bytes.length, server, ports[service], source);
    }
    for (const socket of sockets.values()) socket.flush();
  };
  await askUntil([...sockets.values()], ask, () => {
    for (const [service, socket] of sockets) {
      const count = socket.receive();
      if (count > 0) silent.delete(service);
      if (service === "tftp") for (let i = 0; i < count; i += 1) endTransfer(socket, i);
      socket.flush();
    }
    return silent.size === 0;
  });
  for (const socket of sockets.values()) socket.close();
  return silent;
}

/** So that the server does not repeat its first block. */
function endTransfer(socket: UdpSocket, i: number): void {
  const length = encodeError(socket.slot(), 0, 0, "only asking");
  const source = socket.destinationAddress(i);
  socket.push(length, socket.sourceAddress(i), socket.sourcePort(i), source);
}

/** Asks at its times until `look` says that there is nothing left to wait for, or the time is over. */
async function askUntil(
  sockets: readonly UdpSocket[],
  ask: (sinceMs: number) => void,
  look: () => boolean,
): Promise<void> {
  const startMs = systemClock.monotonicMs();
  let asked = 0;
  for (let nowMs = startMs; nowMs < startMs + WAIT_MS_MAX; nowMs = systemClock.monotonicMs()) {
    if (nowMs >= startMs + (ASK_AT_MS[asked] ?? Number.POSITIVE_INFINITY)) {
      ask(nowMs - startMs);
      asked += 1;
    }
    await waitReadable(sockets, LOOK_EVERY_MS);
    if (look()) return;
  }
}

function received(socket: UdpSocket): readonly Uint8Array[] {
  return Array.from({ length: socket.receive() }, (_, i) => socket.bytes(i));
}

/** Undefined for bytes that are no DHCP message. The packet has bytes of its own. */
function decoded(bytes: Uint8Array): DhcpPacket | undefined {
  try {
    return decodePacket(bytes.slice());
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
