import { StartError } from "../../process/start-error.ts";
import { openServiceSocket, type ServiceSocketOptions } from "./datagram-loop.ts";
import { TcpAcceptor, type TcpAcceptorOptions } from "./tcp-acceptor.ts";

/** How often to ask the system for a port that is free for both UDP and TCP. */
const attemptsMax = 8;

/**
 * Opens both on one port (when `udp.port` is 0, on any free one), or UDP alone. Rejects with
 * StartError.
 */
export async function openUdpAndTcp(
  udp: ServiceSocketOptions,
  withTcp: boolean,
  tcp: Omit<TcpAcceptorOptions, "service" | "address" | "port">,
) {
  const { service, address, port } = udp;
  for (let attempt = 1; ; attempt += 1) {
    const socket = await openServiceSocket(udp);
    if (!withTcp) return { socket, acceptor: undefined };
    try {
      const options = { ...tcp, service, address, port: socket.localPort };
      return { socket, acceptor: await TcpAcceptor.open(options) };
    } catch (error) {
      socket.close();
      if (!(error instanceof StartError) || port !== 0 || attempt === attemptsMax) throw error;
    }
  }
}
