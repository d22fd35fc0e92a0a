import { SocketError } from "../../../base/net/kernel/socket-error.ts";
import {
  openUdpSocket,
  type UdpSocket,
  type UdpSocketOptions,
} from "../../../base/net/udp-socket.ts";
import {
  decodeHeartbeat,
  encodeHeartbeat,
  HEARTBEAT_BYTES_MAX,
  type Heartbeat,
  type HeartbeatRefusal,
  type HeartbeatSigner,
} from "../../../protocol/heartbeat/packet.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { StartError } from "../../process/start-error.ts";

/** One interconnect; both nodes use the same port. */
export interface HeartbeatLinkPlan {
  readonly address: number;
  readonly peerAddress: number;
  readonly port: number;
  /** Send and receive through this interface only. */
  readonly device?: string | undefined;
}

export interface HeardHeartbeat {
  readonly heartbeat: Heartbeat;
  readonly link: number;
}

const batchMax = 16;
/** Batches read from a link in one turn. More must wait, and the kernel drops a flood. */
const batchesMax = 4;
const bufferBytes = 256 * 1024;

/** The sockets of the one or two interconnects. */
export class HeartbeatLinks {
  /** Datagrams that were not a heartbeat of the peer, by reason. */
  readonly refused: Record<HeartbeatRefusal | "source", number> = {
    truncated: 0,
    format: 0,
    value: 0,
    authentication: 0,
    source: 0,
  };
  readonly #plans: readonly HeartbeatLinkPlan[];
  readonly #sockets: readonly UdpSocket[];
  readonly #sign: HeartbeatSigner;

  private constructor(
    plans: readonly HeartbeatLinkPlan[],
    sockets: readonly UdpSocket[],
    sign: HeartbeatSigner,
  ) {
    this.#plans = plans;
    this.#sockets = sockets;
    this.#sign = sign;
  }

  /** Rejects with StartError when a socket cannot be opened; then none stays open. */
  static async open(
    plans: readonly HeartbeatLinkPlan[],
    sign: HeartbeatSigner,
    backend: NonNullable<UdpSocketOptions["backend"]> = "auto",
  ): Promise<HeartbeatLinks> {
    const sockets: UdpSocket[] = [];
    try {
      for (const plan of plans) sockets.push(await openLink(plan, backend));
    } catch (error) {
      for (const socket of sockets) socket.close();
      throw error;
    }
    return new HeartbeatLinks(plans, sockets, sign);
  }

  /** A heartbeat that the network refuses is lost, as on a cut link: the peer notices. */
  send(heartbeats: readonly Heartbeat[]): void {
    for (const heartbeat of heartbeats) {
      const { peerAddress, port } = this.#plans[heartbeat.link];
      const socket = this.#sockets[heartbeat.link];
      const bytes = encodeHeartbeat(heartbeat, this.#sign);
      socket.slot().set(bytes);
      socket.push(bytes.length, peerAddress, port);
      socket.flush();
    }
  }

  /** Every authentic heartbeat that has arrived, at most 64 a link. Never waits. */
  receive(): readonly HeardHeartbeat[] {
    return this.#sockets.flatMap((socket, link) => this.#receiveBy(socket, link));
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }

  #receiveBy(socket: UdpSocket, link: number): HeardHeartbeat[] {
    const heard: HeardHeartbeat[] = [];
    for (let batch = 0; batch < batchesMax; batch += 1) {
      const count = socket.receive();
      for (let slot = 0; slot < count; slot += 1) {
        const heartbeat = this.#read(socket, slot, link);
        if (heartbeat !== undefined) heard.push({ heartbeat, link });
      }
      if (count < batchMax) break;
    }
    return heard;
  }

  #read(socket: UdpSocket, slot: number, link: number): Heartbeat | undefined {
    if (socket.sourceAddress(slot) !== this.#plans[link].peerAddress) {
      this.refused.source += 1;
      return undefined;
    }
    const result = decodeHeartbeat(socket.bytes(slot), this.#sign);
    if (typeof result !== "string") return result;
    this.refused[result] += 1;
    return undefined;
  }
}

async function openLink(
  { address, port, device }: HeartbeatLinkPlan,
  backend: NonNullable<UdpSocketOptions["backend"]>,
): Promise<UdpSocket> {
  const limits = { batchMax, bufferBytes, datagramBytesMax: HEARTBEAT_BYTES_MAX };
  const bound = device === undefined ? {} : { device };
  try {
    return await openUdpSocket({ address, port, backend, ...limits, ...bound });
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    const place = `${formatIpv4(address)} port ${port}`;
    throw new StartError(
      `Cannot send heartbeats from ${place}: ${error.message}. Ports below 1024 need root.`,
    );
  }
}
