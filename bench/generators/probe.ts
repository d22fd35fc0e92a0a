import { systemClock } from "../../base/clock.ts";
import { openUdpSocket, waitReadable } from "../../base/net/udp-socket.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { decodePacket, messageType } from "../../protocol/dhcp/packet.ts";
import { answerRequests } from "./answer-requests.ts";
import { renewal } from "./client-packets.ts";

/** A device that renews its lease again and again until it is acknowledged. */
export interface ProbeRequest {
  readonly server: { readonly address: number; readonly port: number };
  readonly clientPort: number;
  /** Octets: it crosses processes. */
  readonly mac: readonly number[];
  readonly address: number;
  readonly timeMsMax: number;
}

/** When the ACK arrived, on the clock that all processes share; undefined when none did in time. */
export interface ProbeResult {
  readonly acknowledgedAtMs: number | undefined;
}

const INTERVAL_MS = 5;

async function probe(request: ProbeRequest): Promise<ProbeResult> {
  const { server, clientPort, mac, address, timeMsMax } = request;
  const socket = await openUdpSocket({ address: 0, port: clientPort, backend: "batch" });
  try {
    const deadlineMs = systemClock.monotonicMs() + timeMsMax;
    for (let xid = 1; systemClock.monotonicMs() < deadlineMs; xid += 1) {
      const packet = renewal(Uint8Array.from(mac), address, xid);
      socket.slot().set(packet);
      socket.push(packet.length, server.address, server.port, address);
      socket.flush();
      await waitReadable([socket], INTERVAL_MS);
      const count = socket.receive();
      for (let i = 0; i < count; i += 1) {
        const reply = decodePacket(socket.bytes(i));
        if (messageType(reply) !== MessageType.ack || reply.yiaddr !== address) continue;
        return { acknowledgedAtMs: socket.receivedAtMs(i) };
      }
    }
    return { acknowledgedAtMs: undefined };
  } finally {
    socket.close();
  }
}

answerRequests(probe);
