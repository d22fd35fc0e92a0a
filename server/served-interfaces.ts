import type { Logger } from "../base/log.ts";
import type { UdpSocket } from "../base/net/udp-socket.ts";
import { formatIpv4 } from "../protocol/ipv4.ts";
import { formatMac } from "../protocol/mac.ts";
import type { ServerConfig } from "./config/model/model.ts";
import type { LocalInterface } from "./dhcp/exchange/outcome.ts";
import {
  chooseInterfaces,
  ignoredInterfaceNotice,
  interfaceWith,
  type SystemInterface,
} from "./dhcp/loop/edge/interfaces.ts";
import { StartError } from "./process/start-error.ts";

/** With `local-address` the socket takes only what is sent to it, whatever the interface. */
export function servedInterfaces(
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

export function tellWhereItListens(
  config: ServerConfig,
  interfaces: readonly LocalInterface[],
  socket: UdpSocket,
  logger: Logger,
): void {
  const bound = config.process.localAddress;
  if (bound !== undefined) {
    const place = `Socket/${formatIpv4(bound)}/${socket.localPort}`;
    logger.info(`Listening on ${place}`);
    logger.info(`Sending on   ${place}`);
    return;
  }
  for (const { name, hardwareAddress, addresses } of interfaces) {
    const subnet = addresses.map(({ address }) => config.subnetOf(address)).find(Boolean);
    const place = `Socket/${name}/${formatMac(hardwareAddress)}/${subnet?.sharedNetwork.name ?? ""}`;
    logger.info(`Listening on ${place}`);
    logger.info(`Sending on   ${place}`);
  }
}

/** `floatingAddress`: of a pair, which moves to whatever node serves. */
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
