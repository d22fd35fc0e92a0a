import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { UdpFrame } from "../../../../protocol/udp-frame.ts";
import type { ClientMessage } from "../../../../server/dhcp/decide/engine.testing.ts";
import { parseLeaseFile } from "../../../../server/lease/format/parse-lease-file.testing.ts";
import type { LeaseRecord } from "../../../../server/lease/lease.ts";
import type { NetworkLab } from "../../namespaces.testing.ts";
import { Cable, serverInterface, xidOf } from "../cable.testing.ts";
import { inNamespace } from "../wire.testing.ts";

/** Debian's libfaketime: a process that loads it has the time that a file says. */
const faketimeLibrary = ["x86_64", "aarch64"]
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path));

/** Why dhcpd's clock cannot be stopped here; undefined when it can. */
export const missingFaketime =
  faketimeLibrary === undefined ? "not installed: libfaketime" : undefined;

/** In every configuration: a client that is always answered. */
export const markerConfiguration = `
ping-check false;
ddns-update-style none;
subnet 10.31.255.0 netmask 255.255.255.0 { allow booting; }
host marker { hardware ethernet 02:ff:00:00:00:01; fixed-address 10.31.255.9; allow booting; }
`;
const marker: ClientMessage = {
  secs: 0xffff,
  mac: "02:ff:00:00:00:01",
  giaddr: "10.31.255.1",
  list: [1],
};
const firstMarkerXid = 0xff00_0000;

const replyMsMax = 10_000;
/** So long the processor is kept busy waiting; most replies are there by then. */
const busyMs = 2;

/** dhcpd has ended itself, or does not answer any more. */
export class DhcpdGone extends Error {}

/** How a start ended: it serves, or it does not like its configuration. */
export type Start = { readonly kind: "serving" } | { readonly kind: "refused"; log: string };

/**
 * The real dhcpd on a cable of its own, one process a configuration, with a clock that stands still
 * until it is told to move: both servers then see the same second, always.
 */
export class FrozenDhcpd {
  readonly cable: Cable;
  readonly #directory: string;
  #child: ChildProcess | undefined;
  #log = "";
  #nowSeconds = 0;
  #markers = 0;
  #frames: UdpFrame[] = [];

  /** `directory` should be in memory: dhcpd waits for the disk at every acknowledgement. */
  constructor(lab: NetworkLab, role: string, directory: string) {
    this.cable = new Cable(lab, role);
    this.#directory = directory;
    mkdirSync(directory);
  }

  /** What it has said since it was started. */
  get log(): string {
    return this.#log;
  }

  async start(configuration: string, leases: string, nowSeconds: number): Promise<Start> {
    this.#setClock(nowSeconds);
    this.#frames = [];
    this.cable.wire.receive();
    writeFileSync(this.#file("dhcpd.conf"), configuration, "latin1");
    writeFileSync(this.#file("dhcpd.leases"), leases, "latin1");
    rmSync(this.#file("dhcpd.leases~"), { force: true });
    this.#log = "";
    const child = inNamespace(this.cable.serverSide, () =>
      spawn(
        "/usr/sbin/dhcpd",
        [
          ...["-4", "-f", "-d", "--no-pid", "-cf", this.#file("dhcpd.conf")],
          ...["-lf", this.#file("dhcpd.leases"), serverInterface],
        ],
        {
          stdio: ["ignore", "ignore", "pipe"],
          env: {
            TZ: "UTC",
            LD_PRELOAD: faketimeLibrary,
            FAKETIME_TIMESTAMP_FILE: this.#file("clock"),
            FAKETIME_NO_CACHE: "1",
          },
        },
      ),
    );
    this.#child = child;
    const started = await new Promise<Start>((settle, fail) => {
      child.once("error", fail);
      child.once("close", () => settle({ kind: "refused", log: this.#log }));
      child.stderr!.on("data", (chunk: Buffer) => {
        this.#log += chunk.toString("latin1");
        if (this.#log.includes("Server starting service.")) settle({ kind: "serving" });
      });
    });
    // The very first packet of a process is special: a NAK has no message then.
    if (started.kind === "serving") await this.#mark();
    return started;
  }

  /** Kills the server, so that its lease file is what it had at its last reply. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    if (child.exitCode === null && child.signalCode === null) {
      await new Promise((settle) => {
        child.once("exit", settle);
        child.kill("SIGKILL");
      });
    }
    // libfaketime takes them away itself, but not from a process that is killed.
    for (const left of [`faketime_shm_${child.pid}`, `sem.faketime_sem_${child.pid}`]) {
      rmSync(`/dev/shm/${left}`, { force: true });
    }
  }

  /** The replies to one packet, as soon as it is certain that there are no more. */
  async ask(message: ClientMessage): Promise<UdpFrame[]> {
    this.cable.send(message);
    await this.#mark();
    const taken = this.#frames.filter((frame) => xidOf(frame) === message.xid);
    this.#frames = this.#frames.filter((frame) => xidOf(frame) !== message.xid);
    return taken;
  }

  /** Lets time pass. dhcpd looks at its timers after a packet, so it gets some. */
  async advance(seconds: number): Promise<void> {
    this.#setClock(this.#nowSeconds + seconds);
    for (let turn = 0; turn < 3; turn += 1) await this.#mark();
  }

  /** Frames that answer nothing that was asked. */
  strays(): number {
    this.#frames.push(...this.cable.wire.receive());
    return this.#frames.length;
  }

  /** The last record of each address in the lease file. */
  records(): readonly LeaseRecord[] {
    const { records, error } = parseLeaseFile(readFileSync(this.#file("dhcpd.leases")));
    if (error !== undefined) throw new Error(`dhcpd's lease file: ${error.message}`);
    return [...new Map(records.map((record) => [record.address, record])).values()];
  }

  /** dhcpd takes one packet after the other: what it had to say comes before the marker's answer. */
  async #mark(): Promise<void> {
    this.#markers += 1;
    const xid = firstMarkerXid + this.#markers;
    this.cable.send({ ...marker, xid });
    const startedAtMs = performance.now();
    for (;;) {
      this.#frames.push(...this.cable.wire.receive());
      const at = this.#frames.findIndex((frame) => xidOf(frame) === xid);
      if (at >= 0) {
        this.#frames.splice(at, 1);
        return;
      }
      const waitedMs = performance.now() - startedAtMs;
      const end = this.#child?.signalCode ?? this.#child?.exitCode ?? undefined;
      if (end !== undefined || waitedMs > replyMsMax) {
        throw new DhcpdGone(`dhcpd is gone or busy (${end ?? "running"}):\n${this.#log}`);
      }
      await new Promise<void>((resume) => {
        if (waitedMs < busyMs) setImmediate(resume);
        else setTimeout(resume, 1);
      });
    }
  }

  #setClock(seconds: number): void {
    this.#nowSeconds = seconds;
    const text = new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
    // In one step: dhcpd must never read half a moment.
    writeFileSync(this.#file("clock.next"), text);
    renameSync(this.#file("clock.next"), this.#file("clock"));
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }
}
