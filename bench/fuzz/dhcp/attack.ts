import { openUdpSocket, type UdpSocket, waitReadable } from "../../../base/net/udp-socket.ts";
import { Prng } from "../../../base/prng.ts";
import { Offset } from "../../../protocol/dhcp/header.ts";
import { readIpv4, writeIpv4 } from "../../../protocol/ipv4.ts";
import type { PortPlan } from "../../../simulator/plan/run-plan.ts";
import type { ServerAddress } from "../../../simulator/relay/cmts.ts";
import type { CorpusPacket } from "./corpus.ts";
import { type GroupReport, runGroups } from "../campaign/server-campaign.ts";
import { PacketMutator } from "./packet-shape.ts";
import { hexOf, type ValueTally } from "./packet-reader.ts";
import { checkReply, RecentXids } from "./reply-check.ts";

export interface ServerCampaign {
  readonly seed: number;
  readonly packets: number;
  readonly timeMsMax: number;
  readonly server: ServerAddress;
  readonly ports: PortPlan;
  /** What clients send; replies of servers in it are sent to the server all the same. */
  readonly corpus: readonly CorpusPacket[];
  /** A good DISCOVER of a device that is in no packet of the corpus: it must be answered always. */
  readonly probe: CorpusPacket;
  /** The server's memory now, MiB; throws when the server is gone. */
  readonly serverMemoryMiB: () => number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

export interface ServerReport extends GroupReport {
  readonly replies: number;
  readonly probesAnswered: number;
  readonly badReplies: number;
  /** The first of them. */
  readonly examples: readonly string[];
  readonly values: Readonly<ValueTally>;
}

const PACKETS_A_PROBE = 256;
const PROBE_MS_MAX = 3000;
const PROBE_TRIES = 3;
const XIDS_KEPT = 65_536;
const EXAMPLES_MAX = 10;
const RESIDENT_GROWTH_MIB_MAX = 24;
const SERVER_STREAM = 0x7365_7276;
const PROBE_XID_FIRST = 0x5052_0000;
const WAIT_MS = 50;

/**
 * Sends bad packets to a running server, each group of them followed by a good one that must be
 * answered before the next group: the server has then read all before it, and lives. Every reply is
 * decoded strictly.
 */
export async function fuzzServer(campaign: ServerCampaign): Promise<ServerReport> {
  const { ports } = campaign;
  const relay = await openUdpSocket({ address: 0, port: ports.relay });
  try {
    const device = await openUdpSocket({ address: 0, port: ports.client });
    try {
      return await new ServerRun(campaign, relay, device).run();
    } finally {
      device.close();
    }
  } finally {
    relay.close();
  }
}

class ServerRun {
  readonly #campaign: ServerCampaign;
  readonly #relay: UdpSocket;
  readonly #device: UdpSocket;
  readonly #prng: Prng;
  readonly #mutator: PacketMutator;
  readonly #xids = new RecentXids(XIDS_KEPT);
  readonly #values: ValueTally = { decoded: 0, rejected: 0 };
  readonly #examples: string[] = [];
  #packets = 0;
  #replies = 0;
  #badReplies = 0;
  #probes = 0;
  #isProbeAnswered = false;

  constructor(campaign: ServerCampaign, relay: UdpSocket, device: UdpSocket) {
    this.#campaign = campaign;
    this.#relay = relay;
    this.#device = device;
    this.#prng = new Prng(campaign.seed, SERVER_STREAM);
    this.#mutator = new PacketMutator(
      campaign.corpus.map(({ bytes }) => bytes),
      this.#prng,
    );
  }

  async run(): Promise<ServerReport> {
    const { seed, packets, timeMsMax, serverMemoryMiB, signal, onProgress } = this.#campaign;
    const report = await runGroups({
      ...{ seed, packets, timeMsMax, serverMemoryMiB, signal, onProgress },
      name: "server",
      groupPackets: PACKETS_A_PROBE,
      growthMiBMax: RESIDENT_GROWTH_MIB_MAX,
      sendGroup: (count) => this.#sendGroup(count),
      probe: () => this.#probe(),
      status: () => `${this.#replies} replies`,
    });
    return {
      ...report,
      replies: this.#replies,
      probesAnswered: this.#probes,
      badReplies: this.#badReplies,
      examples: this.#examples,
      values: this.#values,
    };
  }

  #sendGroup(count: number): void {
    const { corpus, server } = this.#campaign;
    for (let left = count; left > 0; left -= 1) {
      const origin = this.#prng.nextBelow(corpus.length);
      const { from, source } = corpus[origin]!;
      const isDevice = from === "device";
      const socket = isDevice ? this.#device : this.#relay;
      const buffer = socket.slot();
      const length = this.#mutator.next(buffer, origin);
      if (length >= Offset.secs) this.#xids.add(readIpv4(buffer, Offset.xid));
      // A server does not send from this machine's other addresses, so what it "sent" comes from none.
      socket.push(length, server.address, server.port, from === "server" ? undefined : source);
      this.#packets += 1;
    }
    this.#relay.flush();
    this.#device.flush();
  }

  /** Whether the good packet is answered, after one or two repetitions at most. */
  async #probe(): Promise<boolean> {
    const { probe, server } = this.#campaign;
    const xid = PROBE_XID_FIRST + (this.#probes % 0x1_0000);
    this.#xids.add(xid);
    this.#isProbeAnswered = false;
    for (let attempt = 0; attempt < PROBE_TRIES; attempt += 1) {
      const buffer = this.#relay.slot();
      buffer.set(probe.bytes);
      writeIpv4(buffer, Offset.xid, xid);
      this.#relay.push(probe.bytes.length, server.address, server.port, probe.source);
      this.#relay.flush();
      const deadlineMs = performance.now() + PROBE_MS_MAX;
      while (performance.now() < deadlineMs) {
        this.#read(this.#relay, xid);
        this.#read(this.#device, xid);
        if (this.#isProbeAnswered) {
          this.#probes += 1;
          return true;
        }
        await waitReadable([this.#relay, this.#device], WAIT_MS);
      }
    }
    return false;
  }

  #read(socket: UdpSocket, probeXid: number): void {
    const count = socket.receive();
    for (let i = 0; i < count; i += 1) {
      const bytes = socket.bytes(i);
      const reply = checkReply(bytes, (xid) => this.#xids.has(xid), this.#values);
      this.#replies += 1;
      if (reply.kind === "good") {
        this.#isProbeAnswered ||= reply.packet.xid === probeXid;
        continue;
      }
      this.#badReplies += 1;
      if (this.#examples.length >= EXAMPLES_MAX) continue;
      const where = `near packet ${this.#packets} of seed ${this.#campaign.seed}`;
      this.#examples.push(`${where}: ${reply.problem}: ${hexOf(bytes)}`);
    }
  }
}
