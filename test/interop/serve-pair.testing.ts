import { type ChildProcess, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import {
  BootOperation,
  type DhcpPacket,
  decodePacket,
  encodePacket,
  messageType,
  type OutgoingOption,
} from "../../protocol/dhcp/packet.ts";
import { formatIpv4, parseIpv4 } from "../../protocol/ipv4.ts";
import type { EtcdAccess } from "../../server/etcd/edge/etcd-access.ts";
import type { PairStatus } from "../../server/ha/pair-status.ts";
import { parseLeaseFile } from "../../server/lease/format/parse-lease-file.testing.ts";
import type { LeaseRecord } from "../../server/lease/lease.ts";
import { endOf, kill, type ServerEnd } from "../faults/server.testing.ts";
import { freePorts } from "../ports.testing.ts";
import { prov } from "../prov-command.testing.ts";
import type { CertificateAuthority } from "./certificate-authority.testing.ts";

export const nodeNames = ["prov01", "prov02"] as const;
export type Side = 0 | 1;

const port = await freePorts();
const heartbeatPorts = [port + 2, port + 3];
const addresses = ["127.0.71.1", "127.0.71.2"] as const;
const relay = "127.71.0.1";
const dhcpdConf = (side: Side): string => `authoritative; ping-check false;
local-address ${addresses[side]}; default-lease-time 600; max-lease-time 600;
subnet 127.71.0.0 netmask 255.255.0.0 { range 127.71.1.0 127.71.8.255; }
`;

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Two `prov serve` on loopback, each with a folder of its own; `close` ends what was started here. */
export class ServedPair {
  readonly #folder = mkdtempSync(join(tmpdir(), "provlab-serve-pair-"));
  /** The latest start of each. */
  readonly #nodes: ChildProcess[] = [];
  readonly #started: ChildProcess[] = [];

  /** The environment of each `prov serve`, beside this process's own. */
  readonly #environment: Readonly<Record<string, string>>;

  constructor(
    endpoints: readonly string[],
    authority: CertificateAuthority,
    environment: Readonly<Record<string, string>> = {},
  ) {
    this.#environment = environment;
    for (const side of [0, 1] as const) {
      this.#configure(side, { endpoints, tls: authority.issue(nodeNames[side]) });
    }
  }

  folder(side: Side): string {
    return join(this.#folder, nodeNames[side]);
  }

  log(side: Side): string {
    return readFileSync(join(this.folder(side), "prov.log"), "utf8");
  }

  get logs(): string {
    return nodeNames.map((name, side) => `--- ${name}\n${this.log(side as Side)}`).join("\n");
  }

  start(side: Side, ...flags: readonly string[]): ChildProcess {
    const log = openSync(join(this.folder(side), "prov.log"), "a");
    const child = spawn(process.execPath, [prov, "serve", "--log-format", "text", ...flags], {
      cwd: this.folder(side),
      env: { ...process.env, ...this.#environment },
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.#nodes[side] = child;
    this.#started.push(child);
    return child;
  }

  signal(side: Side, signal: "SIGCONT" | "SIGTERM"): void {
    this.#nodes[side].kill(signal);
  }

  /** SIGSTOP; resolves when none of its threads runs any more, for one on another processor goes on for a moment. */
  async pause(side: Side): Promise<void> {
    const { pid } = this.#nodes[side];
    this.#nodes[side].kill("SIGSTOP");
    await expect.poll(() => statesOf(pid!), { interval: 5 }).toEqual(["T"]);
  }

  async kill(side: Side): Promise<void> {
    await kill(this.#nodes[side]);
  }

  /** By address, what its lease file says last. */
  leases(side: Side): ReadonlyMap<number, LeaseRecord> {
    const { records, error } = parseLeaseFile(
      readFileSync(join(this.folder(side), "dhcpd.leases")),
    );
    if (error !== undefined) throw new Error(error.message);
    return new Map(records.map((record) => [record.address, record]));
  }

  /** How many files, sockets and pipes the node has open. */
  descriptors(side: Side): number {
    return readdirSync(`/proc/${this.#nodes[side].pid}/fd`).length;
  }

  end(side: Side): Promise<ServerEnd> {
    return endOf(this.#nodes[side]);
  }

  /** Runs a command of this node's operator to its end. */
  async run(side: Side, ...args: readonly string[]): Promise<Ran> {
    const child = spawn(process.execPath, [prov, ...args], { cwd: this.folder(side) });
    const heard = ["", ""];
    [child.stdout, child.stderr].forEach((stream, index) => {
      stream.on("data", (chunk: Buffer) => {
        heard[index] += chunk.toString();
      });
    });
    const deadline = setTimeout(() => child.kill("SIGKILL"), 60_000);
    const [status] = (await once(child, "close")) as [number | null];
    clearTimeout(deadline);
    return { status, stdout: heard[0], stderr: heard[1] };
  }

  async status(side: Side): Promise<PairStatus> {
    const { stdout, stderr } = await this.run(side, "status", "--json");
    if (stdout === "") throw new Error(stderr);
    return JSON.parse(stdout) as PairStatus;
  }

  /** Waits until the node of `side` says that this one is active and the other one could be at once. */
  async untilServes(side: Side, serving: Side): Promise<void> {
    const [leader, other] = [nodeNames[serving], nodeNames[1 - serving]];
    await expect
      .poll(() => this.#sight(side), { timeout: 90_000, interval: 200, message: this.logs })
      .toEqual(expect.objectContaining({ leader, [leader]: "active", [other]: "standby" }));
  }

  async #sight(side: Side): Promise<Readonly<Record<string, string | undefined>>> {
    try {
      const { leader, nodes } = await this.status(side);
      const roles = nodes.map(({ node, role, isAble }) => {
        return [node, role === "standby" && !isAble ? "not able" : role] as const;
      });
      return { leader, ...Object.fromEntries(roles) };
    } catch (error) {
      return { error: String(error) };
    }
  }

  async close(): Promise<void> {
    for (const child of this.#started) await kill(child);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #configure(side: Side, access: EtcdAccess): void {
    const folder = this.folder(side);
    mkdirSync(folder);
    writeFileSync(join(folder, "dhcpd.conf"), dhcpdConf(side));
    writeFileSync(join(folder, "dhcpd.leases"), "");
    writeFileSync(join(folder, "ha.key"), "what both nodes know", { mode: 0o600 });
    writeFileSync(join(folder, "prov.log"), "");
    const [address, peerAddress] = [addresses[side], addresses[1 - side]];
    const ha = {
      nodes: nodeNames,
      node: nodeNames[side],
      links: heartbeatPorts.map((link) => ({ address, peerAddress, port: link })),
      profile: "fast",
      // A machine busy with other tests halts a node for half a second, which is no failure.
      times: { dead: "1200 ms", initialDead: "3 s" },
      // Longer than the other node needs to notice that etcd is away for it, too (HA-11 compares them).
      commitMax: "3 s",
      keyFile: "ha.key",
      etcd: { ...access, prefix: "/provlab/serve-pair/" },
    };
    const dhcp = { config: "dhcpd.conf", leases: "dhcpd.leases", port };
    // JSON is YAML.
    const file = { schema: "provlab/prov@1", address, dhcp, time: { port: 0 }, ha };
    writeFileSync(join(folder, "prov.yaml"), JSON.stringify(file));
  }
}

/** Of the threads of a process, in the kernel's letters, each once: `T` is stopped. */
function statesOf(pid: number): string[] {
  const states = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
    return stat.replace(/^.*\) /s, "")[0];
  });
  return [...new Set(states)];
}

export interface Answer {
  readonly type: number;
  readonly address: number;
  /** Which node answered. */
  readonly side: Side;
}

/** Devices behind a relay that knows both servers and asks them together, as a CMTS does. */
export class RelayedDevices {
  /** Messages that nobody answered in time. */
  unanswered = 0;
  readonly #socket: Socket;
  #xid = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(): Promise<RelayedDevices> {
    const socket = createSocket("udp4");
    socket.bind(port, relay);
    await once(socket, "listening");
    return new RelayedDevices(socket);
  }

  close(): void {
    this.#socket.close();
  }

  /** DISCOVER and REQUEST; the lease. Asks until somebody serves. */
  async connect(device: number, waitMsMax = 40_000): Promise<Answer> {
    const endMs = performance.now() + waitMsMax;
    while (performance.now() < endMs) {
      const offer = await this.#ask(device, MessageType.discover, [], 1000);
      if (offer === undefined) continue;
      const server = parseIpv4(addresses[offer.side])!;
      const ack = await this.#ask(
        device,
        MessageType.request,
        [
          { code: OptionCode.requestedAddress, value: ipv4Bytes(offer.address) },
          { code: OptionCode.serverIdentifier, value: ipv4Bytes(server) },
        ],
        1000,
      );
      if (ack?.type === MessageType.ack) return ack;
    }
    throw new Error(`device ${device} got no lease within ${waitMsMax} ms`);
  }

  /** INIT-REBOOT (RFC 2131, section 3.2): whether it may keep `address`. Asks until somebody serves. */
  async reboot(device: number, address: number, waitMsMax = 40_000): Promise<Answer> {
    const endMs = performance.now() + waitMsMax;
    const options = [{ code: OptionCode.requestedAddress, value: ipv4Bytes(address) }];
    while (performance.now() < endMs) {
      const answer = await this.#ask(device, MessageType.request, options, 1000);
      if (answer !== undefined) return answer;
    }
    throw new Error(`device ${device} got no answer within ${waitMsMax} ms`);
  }

  /** A DISCOVER to both servers of a device that test/interop/poison.mjs is about; nobody waits for an answer. */
  sendPoison(device: number): void {
    const chaddr = Uint8Array.of(2, 0xde, 0xad, 0, device >>> 8, device & 0xff);
    this.#send(chaddr, MessageType.discover, []);
  }

  /** One message to both servers, and the first answer to it, if there is one in time. */
  async #ask(
    device: number,
    type: number,
    options: readonly OutgoingOption[],
    msMax: number,
  ): Promise<Answer | undefined> {
    const chaddr = Uint8Array.of(2, 0, 0, 0, device >>> 8, device & 0xff);
    const answer = await this.#answerTo(this.#send(chaddr, type, options), msMax);
    if (answer === undefined) this.unanswered += 1;
    return answer;
  }

  /** Returns the transaction. */
  #send(chaddr: Uint8Array, type: number, options: readonly OutgoingOption[]): number {
    this.#xid += 1;
    const xid = this.#xid;
    const bytes = new Uint8Array(600);
    const length = encodePacket(
      {
        ...{ op: BootOperation.request, htype: 1, hops: 1, xid, secs: 0, flags: 0 },
        ...{ ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: parseIpv4(relay)! },
        ...{ sname: new Uint8Array(), file: new Uint8Array(), chaddr },
        options: [{ code: OptionCode.messageType, value: Uint8Array.of(type) }, ...options],
      },
      bytes,
      0,
    );
    for (const address of addresses) this.#socket.send(bytes.subarray(0, length), port, address);
    return xid;
  }

  #answerTo(xid: number, msMax: number): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const end = (answer: Answer | undefined): void => {
        clearTimeout(timer);
        this.#socket.off("message", take);
        resolve(answer);
      };
      const take = (bytes: Buffer, { address }: { address: string }): void => {
        const packet: DhcpPacket = decodePacket(Uint8Array.from(bytes));
        const side = addresses.indexOf(address as (typeof addresses)[number]) as Side;
        if (packet.xid === xid) end({ type: messageType(packet), address: packet.yiaddr, side });
      };
      const timer = setTimeout(() => end(undefined), msMax);
      this.#socket.on("message", take);
    });
  }
}

function ipv4Bytes(address: number): Uint8Array {
  return Uint8Array.from(formatIpv4(address).split(".").map(Number));
}
