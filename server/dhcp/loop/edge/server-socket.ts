import { SocketError } from "../../../../base/net/socket-error.ts";
import {
  openUdpSocket,
  type UdpSocket,
  type UdpSocketOptions,
} from "../../../../base/net/udp-socket.ts";
import { openUnsharedUdpSocket } from "../../../../base/net/unshared-port.ts";
import { formatIpv4 } from "../../../../protocol/ipv4.ts";
import { takeProcessLock } from "../../../process/process-lock.ts";
import { StartError, systemReason } from "../../../process/start-error.ts";
import type { LocalInterface } from "../../exchange/outcome.ts";

/** Longer than an Ethernet frame, so that a reply with an echoed option 82 has room. */
const datagramBytesMax = 4096;

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
    throw new StartError(
      [
        `Can't bind to dhcp address ${formatIpv4(address)} port ${port}: ${systemReason(error)}`,
        "Please make sure there is no other dhcp server running on this port,",
        "and that you may open it (ports below 1024 need root).",
      ].join("\n"),
      { cause: error },
    );
  }
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
  // The port is shared with emulated relays on other addresses, never with another server on this one.
  return openUnsharedUdpSocket(common);
}

/**
 * Takes the port on these interfaces for this process: two servers on one interface would both answer.
 * Returns what gives them up. Rejects with StartError when another server has one. With
 * `local-address` the socket itself takes the address.
 */
export async function takeInterfaces(
  interfaces: readonly LocalInterface[],
  localAddress: number | undefined,
  port: number,
): Promise<() => void> {
  const releases: (() => void)[] = [];
  const releaseAll = (): void => {
    for (const release of releases) release();
  };
  if (localAddress !== undefined || port === 0) return releaseAll;
  for (const { name } of interfaces) {
    const release = await takeProcessLock(`dhcp-${port}-${name}`);
    if (release === undefined) {
      releaseAll();
      throw new StartError(
        `Can't serve port ${port} on ${name}: another server of this machine does (Address already in use).`,
      );
    }
    releases.push(release);
  }
  return releaseAll;
}
