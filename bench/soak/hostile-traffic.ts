import { openUdpSocket, type UdpSocket } from "../../base/net/udp-socket.ts";
import { Prng } from "../../base/prng.ts";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { TftpOpcode } from "../../protocol/tftp/packet.ts";
import { Population } from "../../scenarios/population/population.ts";
import { bootFileNames } from "../../scenarios/servers/boot-files.ts";
import {
  type PacketMutator,
  type PacketShape,
  packetMutator,
} from "../fuzz/campaign/packet-mutator.ts";
import { buildCorpus } from "../fuzz/dhcp/corpus.ts";
import { dhcpShape } from "../fuzz/dhcp/packet-shape.ts";
import { rawRequest } from "../fuzz/tftp/corpus.ts";
import { tftpShape } from "../fuzz/tftp/packet-shape.ts";
import { StrangerPackets } from "../generators/client-packets.ts";

const services = ["dhcp", "tftp", "time", "ntp", "syslog"] as const;
export type ServicePorts = Readonly<Record<(typeof services)[number], number>>;

/** The ports that `prov serve` says in its log; undefined while it does not serve. */
export function portsIn(log: string): ServicePorts | undefined {
  const ports = services.map((service) => {
    const port = new RegExp(`\\b${service}: serving on port (\\d+)`).exec(log)?.[1];
    return [service, Number(port)] as const;
  });
  if (ports.some(([, port]) => Number.isNaN(port))) return undefined;
  return Object.fromEntries(ports) as ServicePorts;
}

const TICK_MS = 20;
/** A flood of DISCOVERs of unknown modems in each minute. */
const FLOOD_EVERY_MS = 60_000;
const FLOOD_MS = 5000;
const FLOOD_PACKETS_A_SECOND = 2000;
const SERVER = parseIpv4("127.0.0.1")!;
/** Bad packets come from 127.1.0.0 and up, where no device of a scenario is. */
const FIRST_SOURCE = parseIpv4("127.1.0.0")!;
const SOURCES = 65_536;
const STREAM = 0x6261_6421;

/** Malformed packets a second. Few for Syslog, which writes what it cannot read. */
const packetsASecond: Readonly<Record<keyof ServicePorts, number>> = {
  dhcp: 20,
  tftp: 5,
  time: 2,
  ntp: 5,
  syslog: 2,
};

/** Sends malformed packets to every service of a server on loopback, and floods its DHCP, until it is closed. */
export class HostileTraffic {
  readonly #socket: UdpSocket;
  readonly #ports: ServicePorts;
  readonly #mutators: Readonly<Record<keyof ServicePorts, PacketMutator>>;
  readonly #strangers: StrangerPackets;
  readonly #floodPerMs: number;
  readonly #startMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #pushed = { dhcp: 0, tftp: 0, time: 0, ntp: 0, syslog: 0 };
  #floodPushed = 0;
  #lastMs = this.#startMs;

  /** `giaddrs`: of the CMTSs that the strangers are behind. */
  static async open(
    ports: ServicePorts,
    giaddrs: readonly number[],
    { seed, percent }: { readonly seed: number; readonly percent: number },
  ): Promise<HostileTraffic> {
    const socket = await openUdpSocket({ address: 0, port: 0, backend: "batch" });
    return new HostileTraffic(socket, ports, giaddrs, seed, percent / 100);
  }

  private constructor(
    socket: UdpSocket,
    ports: ServicePorts,
    giaddrs: readonly number[],
    seed: number,
    share: number,
  ) {
    this.#socket = socket;
    this.#ports = ports;
    this.#mutators = mutators(ports, seed);
    this.#strangers = new StrangerPackets(giaddrs);
    this.#floodPerMs = (share * FLOOD_PACKETS_A_SECOND) / 1000;
    this.#timer = setInterval(() => this.#send(), TICK_MS);
  }

  /** Packets so far. */
  get sent(): { readonly malformed: number; readonly flood: number } {
    const malformed = Object.values(this.#pushed).reduce((sum, count) => sum + count, 0);
    return { malformed, flood: this.#floodPushed };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #send(): void {
    const nowMs = performance.now();
    const elapsedMs = nowMs - this.#startMs;
    for (const service of services) {
      const due = (elapsedMs * packetsASecond[service]) / 1000;
      for (; this.#pushed[service] < due; this.#pushed[service] += 1) {
        const length = this.#mutators[service](this.#socket.slot());
        const source = FIRST_SOURCE + (this.#pushed[service] % SOURCES);
        this.#socket.push(length, SERVER, this.#ports[service], source);
      }
    }
    if (elapsedMs % FLOOD_EVERY_MS >= FLOOD_EVERY_MS - FLOOD_MS) this.#flood(nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    this.#socket.flush();
  }

  #flood(elapsedMs: number): void {
    for (let left = Math.round(elapsedMs * this.#floodPerMs); left > 0; left -= 1) {
      const { length, giaddr } = this.#strangers.writeNext(this.#socket.slot());
      this.#socket.push(length, SERVER, this.#ports.dhcp, giaddr);
      this.#floodPushed += 1;
    }
  }
}

const anyShape: PacketShape = { randomOneIn: 4, change: (draft) => draft.mutateBytes() };

function mutators(
  { dhcp }: ServicePorts,
  seed: number,
): Readonly<Record<keyof ServicePorts, PacketMutator>> {
  const prng = new Prng(seed, STREAM);
  const utf8 = new TextEncoder();
  const request = (name: string): Uint8Array =>
    rawRequest(TftpOpcode.readRequest, utf8.encode(name), "octet", [["blksize", "1428"]]);
  const files = [...Object.values(bootFileNames.modem), "../../../etc/passwd", "no-such-file"];
  const ntpRequest = Uint8Array.of(0x23, ...new Uint8Array(47));
  const message = utf8.encode("<38>Dec  3 05:00:00 modem-7 registration: T3 time-out");
  return {
    dhcp: packetMutator(dhcpShape, strangeCorpus(dhcp), prng),
    tftp: packetMutator(tftpShape, files.map(request), prng),
    time: packetMutator(anyShape, [Uint8Array.of(0)], prng),
    ntp: packetMutator(anyShape, [ntpRequest], prng),
    syslog: packetMutator(anyShape, [message], prng),
  };
}

/** What devices send in their lives, of a plant that the server does not know: no device of the run is hurt. */
function strangeCorpus(port: number): readonly Uint8Array[] {
  const population = new Population({
    ...{ cableModems: 8, mtas: 4, cpes: 4, smartMeters: 4, cmtsCount: 1 },
    addressBlock: { network: parseIpv4("127.48.0.0")!, prefixLength: 16 },
  });
  const devices = Array.from({ length: population.size }, (_, device) => device);
  return buildCorpus({ population, devices, server: { address: SERVER, port } })
    .filter(({ from }) => from !== "server")
    .map(({ bytes }) => bytes);
}
