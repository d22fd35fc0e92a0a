import { udpSocketsBoundTo } from "./port-sharing.ts";
import { errorNamed } from "./socket-error.ts";
import { openUdpSocket, type UdpSocket, type UdpSocketOptions } from "./udp-socket.ts";

/** One port in a few hundred is taken: that all of these are means that hardly one is free. */
const attemptsMax = 32;

/**
 * Opens a socket that nobody shares its port with. Sockets here share a port without a word
 * (SO_REUSEADDR), and the later one takes the packets of the first: even a port that the system chose
 * (port 0) may be another socket's, and then another one is tried. Throws SocketError (`EADDRINUSE`)
 * when the port is taken, and as openUdpSocket does. Where the system has no table of sockets, a port
 * counts as free.
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
