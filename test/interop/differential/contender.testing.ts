import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { formatMac, parseMac } from "../../../protocol/mac.ts";
import type { UdpFrame } from "../../../protocol/udp-frame.ts";
import type { ClientMessage } from "../../../server/dhcp/decide/engine.testing.ts";
import { parseLeaseFile } from "../../../server/lease/format/parse-lease-file.testing.ts";
import type { LeaseRecord } from "../../../server/lease/lease.ts";
import { prov } from "../../prov-command.testing.ts";
import type { NetworkLab, Peer } from "../namespaces.testing.ts";
import { Cable, serverInterface, xidOf } from "./cable.testing.ts";
import { type Answer, type Leeway, type Reply, readReply } from "./reply-text.testing.ts";
import type { Wire } from "./wire.testing.ts";

/** One packet, and what the real dhcpd does with it. */
export interface Step {
  /** A message, or one that depends on what the same server answered before in this case. */
  readonly send: ClientMessage | ((earlier: readonly Reply[]) => ClientMessage);
  /** Left out: whatever dhcpd does. */
  readonly answer?: Answer;
  readonly leeway?: Leeway;
  /** Name in the table of differences that are meant. */
  readonly onPurpose?: string;
}

/** Packets in their order; without `mac` they come from one device, which no other case uses. */
export interface Script {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** One dhcpd.conf, the leases that are there at the start, and scripts that share both. */
export interface Site {
  readonly name: string;
  readonly configuration: string;
  readonly leases?: string;
  readonly scripts: readonly Script[];
}

/** Addresses of a site at which the two lease files need not agree. */
export interface Touched {
  /** By scripts with differences that are meant. */
  readonly onPurpose: Set<string | undefined>;
  /** Chosen by the server, and not always the same one. */
  readonly anywhere: Set<string | undefined>;
}

/**
 * In every configuration: silences a probe of addresses, and a client that is always answered. Nobody waits for the
 * disk: the marker's OFFER would overtake an acknowledgement that does.
 */
const markerRelay = "10.31.255.1";
const markerMac = "02:ff:00:00:00:01";
const common = `
ping-check false;
ddns-update-style none;
dont-use-fsync true;
subnet 10.31.255.0 netmask 255.255.255.0 { }
host marker { hardware ethernet ${markerMac}; fixed-address 10.31.255.9; }
`;

const replyMsMax = 60_000;
/** A reply that takes longer is not missed: the markers tell when it can no longer come. */
const usualReplyMs = 12;

export type Program = "dhcpd" | "prov";

/** One of the two servers, on a cable of its own with the same addresses as the other. */
export class Contender {
  readonly program: Program;
  readonly #lab: NetworkLab;
  readonly #cable: Cable;
  #peer: Peer | undefined;
  #frames: UdpFrame[] = [];
  #markers = 0;
  #leaseFile = "";

  constructor(lab: NetworkLab, program: Program) {
    this.program = program;
    this.#lab = lab;
    this.#cable = new Cable(lab, program);
  }

  get wire(): Wire {
    return this.#cable.wire;
  }

  /** Starts the server with an empty or a given lease file; resolves when it serves. */
  async start({ configuration, leases = "" }: Site, number: number): Promise<void> {
    const directory = this.#lab.path(`${this.program}-${number}`);
    mkdirSync(directory);
    const file = (name: string): string => `${directory}/${name}`;
    writeFileSync(file("dhcpd.conf"), `${common}${configuration}`, "latin1");
    writeFileSync(file("dhcpd.leases"), leases, "latin1");
    const command = this.program === "dhcpd" ? ["dhcpd"] : [process.execPath, prov, "dhcpd"];
    this.#leaseFile = file("dhcpd.leases");
    this.#peer = this.#lab.start(this.#cable.serverSide, command[0]!, [
      ...[...command.slice(1), "-4", "-f", "-d", "--no-pid"],
      ...["-cf", file("dhcpd.conf"), "-lf", file("dhcpd.leases"), serverInterface],
    ]);
    await this.#peer.waitFor(/Server starting service\./);
  }

  /** Kills the server, so that its lease file is what it had at its last reply. */
  async stop(): Promise<void> {
    await this.#peer?.stop("SIGKILL");
    this.#frames = [];
  }

  /**
   * The leases of the file, one line each, sorted: who has them, and what is known of them. Without
   * those at addresses where the two servers differ on purpose.
   */
  leasesOnDisk(touched: Touched): string[] {
    const { records, error } = parseLeaseFile(readFileSync(this.#leaseFile));
    if (error !== undefined) throw new Error(`${this.program}: ${error.message}`);
    const last = new Map(records.map((record) => [record.address, record]));
    return [...last.values()]
      .filter(({ address }) => !touched.onPurpose.has(formatIpv4(address)))
      .map((record) => leaseLine(record, touched))
      .sort();
  }

  /** What the server has said since `start`. */
  get log(): string {
    return this.#peer?.output ?? "";
  }

  /** Sends one packet and returns its reply; undefined when the server stayed silent. */
  async ask(message: ClientMessage): Promise<Reply | undefined> {
    const xid = message.xid ?? 0;
    this.#cable.send(message);
    if (!(await this.#arrives(xid, usualReplyMs))) {
      // Both servers work in order, batch by batch: what comes after two answered packets, sent one
      // after the other, has seen the whole batch of ours off.
      await this.#mark();
      await this.#mark();
    }
    const [frame, ...more] = this.#take(xid);
    if (more.length > 0) throw new Error(`${this.program} answered one packet twice`);
    return frame === undefined ? undefined : readReply(frame);
  }

  async #mark(): Promise<void> {
    this.#markers += 1;
    const xid = 0xff00_0000 + this.#markers;
    this.#cable.send({ type: "discover", mac: markerMac, giaddr: markerRelay, xid });
    if (!(await this.#arrives(xid, replyMsMax))) {
      throw new Error(`${this.program} is gone or busy:\n${this.log}`);
    }
    this.#take(xid);
  }

  async #arrives(xid: number, withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      this.#frames.push(...this.wire.receive());
      if (this.#frames.some((frame) => xidOf(frame) === xid)) return true;
      if (performance.now() > deadline) return false;
      await new Promise((resume) => setTimeout(resume, 1));
    }
  }

  #take(xid: number): UdpFrame[] {
    const taken = this.#frames.filter((frame) => xidOf(frame) === xid);
    this.#frames = this.#frames.filter((frame) => xidOf(frame) !== xid);
    return taken;
  }

  /** Frames that answer nothing that was asked. */
  strays(): number {
    this.#frames.push(...this.wire.receive());
    return this.#frames.length;
  }
}

/** A lease record as text, with all that two lease files must agree on. */
export function leaseLine(record: LeaseRecord, { anywhere }: Pick<Touched, "anywhere">): string {
  const { address, bindingState, startsAt, endsAt, hardware, clientId, hostname } = record;
  const seconds = startsAt === null || endsAt === null ? "endless" : endsAt - startsAt;
  const text = (bytes: Uint8Array | undefined): string =>
    bytes === undefined ? "-" : Buffer.from(bytes).toString("hex");
  return [
    anywhere.has(formatIpv4(address)) ? "somewhere" : formatIpv4(address),
    bindingState,
    bindingState === "active" ? `${seconds} s` : "-",
    hardware === undefined ? "-" : `${hardware.type} ${formatMac(hardware.address)}`,
    `uid ${text(clientId)}`,
    `hostname ${text(hostname)}`,
    `class ${text(record.vendorClass)}`,
    `agent ${text(record.agentOptions)}`,
    `billed ${record.billing?.className ?? "-"}`,
  ].join(", ");
}

/** A lease of the file that both servers start with. */
export interface StartingLease {
  readonly address: string;
  readonly state: "active" | "free" | "abandoned" | "expired" | "released";
  /** Seconds from now; the lease started an hour ago unless told. */
  readonly endsIn: number;
  readonly startedAgo?: number;
  readonly mac?: string;
  /** Printable text. */
  readonly clientId?: string;
}

/** A dhcpd.leases in ISC's grammar. */
export function leaseFile(
  leases: readonly StartingLease[],
  now = Math.floor(Date.now() / 1000),
): string {
  const records = leases.map(({ address, state, endsIn, startedAgo = 3600, mac, clientId }) => {
    const statements = [
      `starts epoch ${now - startedAgo}`,
      `ends epoch ${now + endsIn}`,
      `cltt epoch ${now - startedAgo}`,
      `binding state ${state}`,
      "next binding state free",
      ...(mac === undefined ? [] : [`hardware ethernet ${mac}`]),
      ...(clientId === undefined ? [] : [`uid "${clientId}"`]),
    ];
    return `lease ${address} {\n${statements.map((one) => `  ${one};\n`).join("")}}\n`;
  });
  return `authoring-byte-order little-endian;\n${records.join("")}`;
}

/** The device of script `script` at site `site`, for messages that name none. */
export function macOf(site: number, script: number): string {
  const pair = (value: number): string => value.toString(16).padStart(2, "0");
  return `02:20:00:${pair(site)}:${pair(script)}:01`;
}

/** Checks a hardware address of a table while it is being written down. */
export function mac(text: string): string {
  if (parseMac(text) === undefined) throw new Error(`${text} is no hardware address`);
  return text;
}
