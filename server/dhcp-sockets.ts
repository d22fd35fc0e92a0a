import type { Logger } from "../base/log.ts";
import { type IcmpSocket, openIcmpSocket } from "../base/net/icmp-socket.ts";
import { InterfaceNews } from "../base/net/interface-news.ts";
import { SocketError } from "../base/net/kernel/socket-error.ts";
import type { UdpSocket, UdpSocketOptions } from "../base/net/udp-socket.ts";
import { formatIpv4 } from "../protocol/ipv4.ts";
import { formatMac } from "../protocol/mac.ts";
import type { ServerConfig } from "./config/model/model.ts";
import type { LocalInterface } from "./dhcp/exchange/outcome.ts";
import {
  chooseInterfaces,
  type InterfaceChoice,
  ignoredInterfaceNotice,
  interfaceWith,
  type SystemInterface,
  systemInterfaces,
} from "./dhcp/loop/edge/interfaces.ts";
import { LinkReplies } from "./dhcp/loop/edge/link-reply.ts";
import { Pinger } from "./dhcp/loop/edge/pinger.ts";
import {
  InterfaceLocks,
  openServerSocket,
  takeLocalAddress,
} from "./dhcp/loop/edge/server-socket.ts";
import { interfaceChanges } from "./dhcp/loop/interface-changes.ts";
import { StartError } from "./process/start-error.ts";

const serverPortDefault = 67;
const lookMs = 1000;

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
  const { served: interfaces, ignored } = chooseServed(config, interfaceNames, present);
  for (const one of ignored) logger.info(ignoredInterfaceNotice(one));
  if (interfaces.length === 0 && localAddress === undefined) {
    throw new StartError("Not configured to listen on any interfaces!");
  }
  releases.push(await takeLocalAddress(localAddress, port));
  const locks = new InterfaceLocks(localAddress, port, logger);
  releases.push(() => locks.release());
  for (const one of interfaces) locks.take(one);
  const devices = interfaceNames.length === 0 ? undefined : interfaces.map(({ name }) => name);
  const socket = await openServerSocket({ address: localAddress, port, devices, backend });
  releases.push(() => socket.close());
  const links = new LinkReplies(localAddress === undefined ? interfaces : [], logger);
  releases.push(() => links.close());
  const pinger = openPinger(nowMs, logger);
  releases.push(() => pinger?.close());
  return {
    ...{ socket, locks },
    ports: { server: port, client: remotePort ?? port + 1 },
    interfaces,
    ownAddresses: addressesOf(present),
    links,
    /** Undefined without the right to raw sockets. */
    pinger,
  };
}

/** The addresses of all interfaces of this machine. */
function addressesOf(present: readonly SystemInterface[]): number[] {
  return present.flatMap(({ addresses }) => addresses.map(({ address }) => address));
}

/** With `local-address` the socket receives only what is sent to that address, on any interface. */
function chooseServed(
  config: ServerConfig,
  interfaceNames: readonly string[],
  present: readonly SystemInterface[],
): InterfaceChoice {
  const { localAddress } = config.process;
  if (localAddress !== undefined) {
    const owner = interfaceWith(present, localAddress);
    return { served: owner === undefined ? [] : [owner], ignored: [] };
  }
  const isDeclared = (address: number): boolean => config.subnetOf(address) !== undefined;
  return chooseInterfaces(present, interfaceNames, isDeclared);
}

export interface InterfaceFollowing {
  readonly config: ServerConfig;
  readonly interfaceNames: readonly string[];
  /** What `openDhcpSockets` returned. */
  readonly opened: Awaited<ReturnType<typeof openDhcpSockets>>;
  /** The loop is to serve these, and the machine has these addresses. */
  readonly turnTo: (interfaces: readonly LocalInterface[], addresses: readonly number[]) => void;
  readonly logger: Logger;
}

/**
 * Looks at the interfaces again when the kernel says that something has changed, at most once a second: opens the
 * sockets of those that have come, and tells the loop and the log. Adds to `releases` what ends it.
 */
export function followInterfaces(following: InterfaceFollowing, releases: (() => void)[]): void {
  const { config, interfaceNames, opened, turnTo, logger } = following;
  const { localAddress } = config.process;
  let { interfaces } = opened;
  /** The index that each interface had when its socket was opened. */
  const indexes = new Map(interfaces.map(({ name, index }) => [name, index]));
  /** Names of interfaces of which the log says already that another server has them. */
  const refused = new Set<string>();

  /** One that another server of this machine serves by now is left to it. */
  const isOurs = (one: LocalInterface): boolean => {
    try {
      opened.locks.take(one);
      refused.delete(one.name);
      return true;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      if (!refused.has(one.name)) logger.error(error.message);
      refused.add(one.name);
      return false;
    }
  };
  const openAgain = ({ name, index }: LocalInterface): void => {
    // Its socket has outlived a pulled cable, and without root's rights there may be no other.
    if (indexes.get(name) === index) return;
    try {
      opened.socket.openDevice?.(name);
      indexes.set(name, index);
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      logger.error(`Can't receive on ${name} (${error.message}): start the server again.`);
    }
  };
  const look = (): void => {
    const present = systemInterfaces();
    const now = chooseServed(config, interfaceNames, present).served.filter(isOurs);
    const { come, news } = interfaceChanges(interfaces, now);
    for (const line of news) logger.info(line);
    for (const one of come) openAgain(one);
    if (localAddress === undefined && news.length > 0) opened.links.turnTo(now);
    interfaces = now;
    turnTo(now, addressesOf(present));
  };

  const kernel = openInterfaceNews(logger);
  // The kernel told nobody what has changed since the start.
  let isFirst = true;
  const timer = setInterval(() => {
    const hasNews = kernel?.take() !== false;
    if (!hasNews && !isFirst) return;
    isFirst = false;
    try {
      look();
    } catch (error) {
      logger.error(`Can't look at the interfaces: ${String(error)}`);
    }
  }, lookMs).unref();
  releases.push(() => {
    clearInterval(timer);
    kernel?.close();
  });
}

/** Undefined without batched sockets: then the interfaces are looked at each second. */
function openInterfaceNews(logger: Logger): InterfaceNews | undefined {
  try {
    return new InterfaceNews();
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    logger.debug(`No news of interfaces: ${error.message}`);
    return undefined;
  }
}

/** In dhcpd's words. */
export function tellWhereItListens(
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
