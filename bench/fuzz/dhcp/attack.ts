import { openUdpSocket, waitReadable } from "../../../base/net/udp-socket.ts";
import { Prng } from "../../../base/prng.ts";
import { Offset } from "../../../protocol/dhcp/header.ts";
import { readIpv4, writeIpv4 } from "../../../protocol/ipv4.ts";
import type { PortPlan } from "../../../simulator/plan/run-plan.ts";
import type { ServerAddress } from "../../../simulator/relay/cmts.ts";
import { packetMutator } from "../campaign/packet-mutator.ts";
import type { Attack } from "../campaign/server-campaign.ts";
import type { CorpusPacket } from "./corpus.ts";
import { dhcpShape } from "./packet-shape.ts";
import { checkReply, RecentXids } from "./reply-check.ts";

export interface DhcpAttackPlan {
  readonly seed: number;
  readonly server: ServerAddress;
  readonly ports: PortPlan;
  /** What clients send; replies of servers in it are sent to the server all the same. */
  readonly corpus: readonly CorpusPacket[];
  /** A good DISCOVER of a device that is in no packet of the corpus: it must be answered always. */
  readonly probe: CorpusPacket;
}

const PROBE_MS_MAX = 3000;
const PROBE_TRIES = 3;
const XIDS_KEPT = 65_536;
const RESIDENT_GROWTH_MIB_MAX = 24;
const SERVER_STREAM = 0x7365_7276;
const PROBE_XID_FIRST = 0x5052_0000;
const WAIT_MS = 50;

/** Sends bad packets, and a good one that must be answered. Every reply is decoded strictly. */
export async function openDhcpAttack(plan: DhcpAttackPlan): Promise<Attack> {
  const { seed, server, ports, corpus, probe: good } = plan;
  const relay = await openUdpSocket({ address: 0, port: ports.relay, sharesPort: true });
  const device = await openUdpSocket({ address: 0, port: ports.client }).catch((error: unknown) => {
    relay.close();
    throw error;
  });
  const sockets = [relay, device];
  const prng = new Prng(seed, SERVER_STREAM);
  const samples = corpus.map(({ bytes }) => bytes);
  const mutator = packetMutator(dhcpShape, samples, prng);
  const xids = new RecentXids(XIDS_KEPT);
  const values = { decoded: 0, rejected: 0 };
  let probeXid = 0;
  let isAnswered = false;
  let served = 0;
  return {
    name: "server",
    sockets,
    growthMiBMax: RESIDENT_GROWTH_MIB_MAX,
    send: () => {
      const origin = prng.nextBelow(corpus.length);
      const { from, source } = corpus[origin];
      const socket = from === "device" ? device : relay;
      const buffer = socket.slot();
      const length = mutator(buffer, origin);
      if (length >= Offset.secs) xids.add(readIpv4(buffer, Offset.xid));
      // A server sends from none of this machine's other addresses, so its packets get no source.
      socket.push(length, server.address, server.port, from === "server" ? undefined : source);
    },
    problemOf: (socket, datagram) => {
      const bytes = sockets[socket].bytes(datagram);
      const reply = checkReply(bytes, (xid) => xids.has(xid), values);
      if (reply.kind === "bad") return reply.problem;
      isAnswered ||= reply.packet.xid === probeXid;
      return undefined;
    },
    probe: async (readAll) => {
      probeXid = PROBE_XID_FIRST + (served % 0x1_0000);
      xids.add(probeXid);
      isAnswered = false;
      for (let attempt = 0; attempt < PROBE_TRIES; attempt += 1) {
        const buffer = relay.slot();
        buffer.set(good.bytes);
        writeIpv4(buffer, Offset.xid, probeXid);
        relay.push(good.bytes.length, server.address, server.port, good.source);
        relay.flush();
        const deadlineMs = performance.now() + PROBE_MS_MAX;
        while (performance.now() < deadlineMs) {
          readAll();
          if (isAnswered) {
            served += 1;
            return true;
          }
          await waitReadable(sockets, WAIT_MS);
        }
      }
      return false;
    },
    served: () => served,
    servedWords: () => `${served} good packets between them all answered`,
    close: () => {
      for (const socket of sockets) socket.close();
    },
  };
}
