import type { Logger } from "../../../../base/log.ts";
import { lockInterface } from "../../../../base/net/interface-lock.ts";
import { SocketError } from "../../../../base/net/kernel/socket-error.ts";
import {
  openUdpSocket,
  type UdpSocket,
  type UdpSocketOptions,
} from "../../../../base/net/udp-socket.ts";
import { formatIpv4 } from "../../../../protocol/ipv4.ts";
import { takeProcessLock } from "../../../process/process-lock.ts";
import { StartError, systemReason } from "../../../process/start-error.ts";
import type { LocalInterface } from "../../exchange/outcome.ts";

/** Longer than an Ethernet frame, so that a reply with an echoed option 82 has room. */
const datagramBytesMax = 4096;
const LOOPBACK_NETWORK = 127;

export interface ServerSocketOptions {
  /** `local-address`; without it the socket is bound to all addresses. */
  readonly address: number | undefined;
  readonly port: number;
  /** The interfaces that the operator named; servers on other interfaces may use the same port. */
  readonly devices: readonly string[] | undefined;
  readonly backend: UdpSocketOptions["backend"];
}

/** Opens the socket of the service. Rejects with StartError, in dhcpd's words, when the port is taken. */
export async function openServerSocket(options: ServerSocketOptions): Promise<UdpSocket> {
  const { address = 0, port } = options;
  try {
    return await open(options);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    throw cannotBind(address, port, systemReason(error));
  }
}

function cannotBind(address: number, port: number, reason: string): StartError {
  return new StartError(
    [
      `Can't bind to dhcp address ${formatIpv4(address)} port ${port}: ${reason}`,
      "Please make sure there is no other dhcp server running on this port,",
      "and that you may open it (ports below 1024 need root).",
    ].join("\n"),
  );
}

async function open({ address, port, devices, backend }: ServerSocketOptions): Promise<UdpSocket> {
  const common = {
    address: address ?? 0,
    port,
    broadcast: true,
    datagramBytesMax,
    ...(backend === undefined ? {} : { backend }),
  };
  if (address === undefined && devices !== undefined) {
    try {
      return await openUdpSocket({ ...common, devices });
    } catch (error) {
      // The portable fallback cannot bind to interfaces: it gets the port alone, or not at all.
      if (!(error instanceof SocketError) || error.code !== "ENOTSUP") throw error;
    }
  }
  return openUdpSocket({ ...common, sharesPort: sharesPort(common.address) });
}

/** On loopback the emulated relays of a run have the same port, on every other address. */
function sharesPort(address: number): boolean {
  return address >>> 24 === LOOPBACK_NETWORK;
}

/**
 * Takes the port of a `local-address` that shares it for this process: two servers there would both answer. Elsewhere
 * the socket itself takes it. Returns what gives it up. Rejects with StartError when another server has it.
 */
export async function takeLocalAddress(
  localAddress: number | undefined,
  port: number,
): Promise<() => void> {
  if (localAddress === undefined || port === 0 || !sharesPort(localAddress)) return () => undefined;
  const release = await takeProcessLock(`dhcp-${port}-${formatIpv4(localAddress)}`);
  if (release === undefined) throw cannotBind(localAddress, port, "Address already in use");
  return release;
}

/**
 * The port of each interface that a server serves: two servers on one interface would both answer. With
 * `local-address` nothing is locked, because the socket itself takes the address.
 */
export class InterfaceLocks {
  readonly #port: number;
  readonly #isNeeded: boolean;
  readonly #logger: Pick<Logger, "warn">;
  readonly #locks = new Map<string, { readonly index: number; readonly release: () => void }>();

  constructor(localAddress: number | undefined, port: number, logger: Pick<Logger, "warn">) {
    this.#port = port;
    this.#logger = logger;
    this.#isNeeded = localAddress === undefined && port !== 0;
  }

  /**
   * Locks an interface, once. One that was deleted and is back has another index, and is locked again. Throws
   * StartError when another server of this machine has it.
   */
  take({ name, index }: LocalInterface): void {
    const before = this.#locks.get(name);
    if (!this.#isNeeded || before?.index === index) return;
    before?.release();
    this.#locks.delete(name);
    const lock = lockInterface(name, this.#port);
    if (lock.kind === "held") {
      throw new StartError(
        `Can't serve port ${this.#port} on ${name}: another server of this machine does (Address already in use).`,
      );
    }
    if (lock.kind === "unavailable") {
      this.#logger.warn(
        `${name} is not locked against a second server: ${lock.reason}. Take care that none serves it.`,
      );
    }
    const release = lock.kind === "taken" ? lock.release : () => undefined;
    this.#locks.set(name, { index, release });
  }

  release(): void {
    for (const { release } of this.#locks.values()) release();
    this.#locks.clear();
  }
}
