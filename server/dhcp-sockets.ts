import type { Logger } from "../base/log.ts";
import { type IcmpSocket, openIcmpSocket } from "../base/net/icmp-socket.ts";
import { SocketError } from "../base/net/socket-error.ts";
import type { UdpSocket, UdpSocketOptions } from "../base/net/udp-socket.ts";
import { formatIpv4 } from "../protocol/ipv4.ts";
import { formatMac } from "../protocol/mac.ts";
import type { ServerConfig } from "./config/model/model.ts";
import type { LocalInterface } from "./dhcp/exchange/outcome.ts";
import {
  chooseInterfaces,
  ignoredInterfaceNotice,
  interfaceWith,
  type SystemInterface,
  systemInterfaces,
} from "./dhcp/loop/edge/interfaces.ts";
import { LinkReplies } from "./dhcp/loop/edge/link-reply.ts";
import { Pinger } from "./dhcp/loop/edge/pinger.ts";
import { openServerSocket, takeInterfaces } from "./dhcp/loop/edge/server-socket.ts";
import { StartError } from "./process/start-error.ts";

const serverPortDefault = 67;

/** Where a server listens, in addition to its configuration. */
export interface DhcpSocketOptions {
  /**
   * UDP port of the server. Without it the configuration's port applies, or 67. Clients use the next one.
   */
  readonly port?: number;
  /** Serve only these interfaces (DHCP-10). */
  readonly interfaceNames?: readonly string[];
  readonly backend?: UdpSocketOptions["backend"];
}

/**
 * Opens the sockets of the service and adds to `releases` the functions that close them. Rejects with
 * StartError when the operator has to fix something first.
 */
export async function openDhcpSockets(
  config: ServerConfig,
  options: DhcpSocketOptions,
  nowMs: number,
  logger: Logger,
  releases: (() => void)[],
) {
  const { localAddress, localPort, remotePort } = config.process;
  const { interfaceNames = [], backend } = options;
  const port = options.port ?? localPort ?? serverPortDefault;
  const present = systemInterfaces();
  const interfaces = servedInterfaces(config, interfaceNames, present, logger);
  releases.push(await takeInterfaces(interfaces, localAddress, port));
  const devices = interfaceNames.length === 0 ? undefined : interfaces.map(({ name }) => name);
  const socket = await openServerSocket({ address: localAddress, port, devices, backend });
  releases.push(() => socket.close());
  tellWhereItListens(config, interfaces, socket, logger);
  const links = LinkReplies.open(localAddress === undefined ? interfaces : [], logger);
  releases.push(() => links.close());
  const pinger = openPinger(nowMs, logger);
  releases.push(() => pinger?.close());
  return {
    socket,
    ports: { server: port, client: remotePort ?? port + 1 },
    interfaces,
    /** The addresses of all interfaces of this machine. */
    ownAddresses: present.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
    links,
    /** Undefined without the right to raw sockets. */
    pinger,
  };
}

/** With `local-address` the socket receives only what is sent to that address, on any interface. */
function servedInterfaces(
  config: ServerConfig,
  interfaceNames: readonly string[],
  present: readonly SystemInterface[],
  logger: Logger,
): readonly LocalInterface[] {
  const { localAddress } = config.process;
  if (localAddress !== undefined) {
    const owner = interfaceWith(present, localAddress);
    return owner === undefined ? [] : [owner];
  }
  const isDeclared = (address: number): boolean => config.subnetOf(address) !== undefined;
  const { served, ignored } = chooseInterfaces(present, interfaceNames, isDeclared);
  for (const one of ignored) logger.info(ignoredInterfaceNotice(one));
  if (served.length === 0) throw new StartError("Not configured to listen on any interfaces!");
  return served;
}

function tellWhereItListens(
  config: ServerConfig,
  interfaces: readonly LocalInterface[],
  socket: UdpSocket,
  logger: Logger,
): void {
  const bound = config.process.localAddress;
  const places =
    bound !== undefined
      ? [`Socket/${formatIpv4(bound)}/${socket.localPort}`]
      : interfaces.map(({ name, hardwareAddress, addresses }) => {
          const subnet = addresses.map(({ address }) => config.subnetOf(address)).find(Boolean);
          return `Socket/${name}/${formatMac(hardwareAddress)}/${subnet?.sharedNetwork.name ?? ""}`;
        });
  for (const place of places) {
    logger.info(`Listening on ${place}`);
    logger.info(`Sending on   ${place}`);
  }
}

function openPinger(nowMs: number, logger: Logger): Pinger | undefined {
  let socket: IcmpSocket;
  try {
    socket = openIcmpSocket();
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    logger.info(
      `No raw ICMP socket (${error.message}): addresses are offered without a ping-check.`,
    );
    return undefined;
  }
  return new Pinger({ socket, identifier: process.pid & 0xffff, nowMs });
}

/** `floatingAddress` is the pair's address, which moves to the serving node. */
export function tellWhatIsUnheard(
  { process: { localAddress } }: ServerConfig,
  floatingAddress: number | undefined,
  logger: Logger,
): void {
  // 0.0.0.0 binds to every address.
  if (floatingAddress === undefined || !localAddress || localAddress === floatingAddress) return;
  logger.warn(
    `DHCP is served at local-address ${formatIpv4(localAddress)} alone: nothing that is sent to the ` +
      `floating address ${formatIpv4(floatingAddress)} arrives. Take local-address out.`,
  );
}
