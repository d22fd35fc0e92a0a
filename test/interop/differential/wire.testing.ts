import { closeSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import { assert } from "../../../base/assert.ts";
import { CLOSED, lastError, openDescriptor } from "../../../base/net/kernel/file-descriptor.ts";
import { libc } from "../../../base/net/kernel/libc.ts";
import { AF_PACKET, SOCK_RAW, SOCKADDR_LL_BYTES } from "../../../base/net/kernel/linux.ts";
import { NativeMemory } from "../../../base/net/kernel/native-memory.ts";
import { openPacketSocket, type PacketSocket } from "../../../base/net/packet-socket.ts";
import { parseUdpFrame } from "../../../protocol/udp-frame.testing.ts";
import { buildUdpFrame, type UdpFrame } from "../../../protocol/udp-frame.ts";

const CLONE_NEWNET = 0x4000_0000;
const ETHERTYPE_IPV4 = 0x0800;
const FRAME_BYTES_MAX = 9018;
const ETHERNET_BYTES = 14;

function loadSetns() {
  const koffi: typeof import("koffi") = createRequire(import.meta.url)("koffi");
  return { koffi, setns: koffi.load(null).func("setns", "int", ["int", "int"]) };
}

let loaded: ReturnType<typeof loadSetns> | undefined;

/**
 * Runs `work` with this thread in a named namespace: sockets that it opens and programs that it
 * starts stay there.
 */
export function inNamespace<Result>(name: string, work: () => Result): Result {
  loaded ??= loadSetns();
  const { koffi, setns } = loaded;
  const home = openSync("/proc/thread-self/ns/net", "r");
  const away = openSync(`/var/run/netns/${name}`, "r");
  const enter = (fd: number): void => {
    if (setns(fd, CLONE_NEWNET) !== 0) throw new Error(`setns failed: errno ${koffi.errno()}`);
  };
  try {
    enter(away);
    return work();
  } finally {
    enter(home);
    closeSync(away);
    closeSync(home);
  }
}

/** One end of a cable: whole frames out, and every UDP frame that comes in, whoever it is for. */
export class Wire {
  readonly #libc = libc();
  readonly #sender: PacketSocket;
  readonly #frame = new NativeMemory(FRAME_BYTES_MAX);
  #fd: number;

  constructor(namespace: string, interfaceName: string) {
    this.#sender = inNamespace(namespace, () => openPacketSocket(interfaceName));
    this.#fd = inNamespace(namespace, () => openReceiver(interfaceName, this.#sender));
  }

  get hardwareAddress(): Uint8Array {
    return this.#sender.hardwareAddress;
  }

  send(frame: UdpFrame): void {
    assert(this.#sender.send(buildUdpFrame(frame)), "the cable does not take a frame");
  }

  /** The UDP frames that have come in since the last call. */
  receive(): UdpFrame[] {
    const frames: UdpFrame[] = [];
    for (;;) {
      const length = this.#libc.recv(this.#fd, this.#frame.address, FRAME_BYTES_MAX, 0);
      if (length < 0) return frames;
      const frame = parseUdpFrame(withoutUdpChecksum(this.#frame.bytes.slice(0, length)));
      if (frame !== undefined) frames.push(frame);
    }
  }

  close(): void {
    if (this.#fd === CLOSED) return;
    this.#libc.close(this.#fd);
    this.#sender.close();
    this.#fd = CLOSED;
  }
}

/** A packet socket bound to a protocol sees what comes in, and not what goes out. */
function openReceiver(name: string, { interfaceIndex }: PacketSocket): number {
  const what = `cannot listen on ${name}`;
  const kind = { domain: AF_PACKET, type: SOCK_RAW, protocol: 0 };
  return openDescriptor(what, kind, (fd) => {
    const address = new NativeMemory(SOCKADDR_LL_BYTES);
    address.view.setUint16(0, AF_PACKET, true);
    address.view.setUint16(2, ETHERTYPE_IPV4, false);
    address.view.setInt32(4, interfaceIndex, true);
    if (libc().bind(fd, address.address, SOCKADDR_LL_BYTES) !== 0) throw lastError(what);
  });
}

/** A virtual cable leaves the UDP checksum to a network card that is not there: 0 says "none". */
function withoutUdpChecksum(frame: Uint8Array): Uint8Array {
  const udp = ETHERNET_BYTES + (frame[ETHERNET_BYTES] & 15) * 4;
  if (frame.length >= udp + 8) frame.fill(0, udp + 6, udp + 8);
  return frame;
}
