import { udpSocketsBoundTo } from "./port-sharing.ts";
import { errorNamed } from "./socket-error.ts";
import { openUdpSocket, type UdpSocket, type UdpSocketOptions } from "./udp-socket.ts";

/** One port in a few hundred is taken: if all of these are, hardly any is free. */
const attemptsMax = 32;

/**
 * Opens a socket whose port no other socket shares. Our sockets share a port silently (SO_REUSEADDR), and
 * the later one takes the packets of the first. Even a port that the system chose (port 0) may belong to
 * another socket; then another one is tried. Throws SocketError (`EADDRINUSE`) when the port is taken,
 * and as openUdpSocket does. When the system has no table of sockets, a port counts as free.
 */
export async function openUnsharedUdpSocket(options: UdpSocketOptions): Promise<UdpSocket> {
  const { address, port } = options;
  for (let attempt = 0; attempt < (port === 0 ? attemptsMax : 1); attempt += 1) {
    const socket = await openUdpSocket(options);
    if ((udpSocketsBoundTo(address, socket.localPort) ?? 1) <= 1) return socket;
    socket.close();
  }
  throw errorNamed("bind", "EADDRINUSE");
}
