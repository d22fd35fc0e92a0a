import { createSocket } from "node:dgram";
import { parseIpv4 } from "../../protocol/ipv4.ts";

const everyMs = 2;

/**
 * Sends DISCOVERs of a relay at 127.64.0.1 to a port of 127.0.0.1 until the returned function is called; whether or not
 * anybody listens there yet.
 */
export function sendDiscovers(port: number): () => void {
  const socket = createSocket("udp4");
  socket.on("error", () => undefined);
  const discover = Buffer.alloc(300);
  discover.set([1, 1, 6, 1, 0, 0, 0, 1]);
  discover.writeUInt32BE(parseIpv4("127.64.0.1")!, 24);
  discover.set([2, 0, 0, 0, 0, 1], 28);
  // The cookie, option 53: DISCOVER, the end.
  discover.set([99, 130, 83, 99, 53, 1, 1, 255], 236);
  const timer = setInterval(() => socket.send(discover, port, "127.0.0.1"), everyMs);
  return () => {
    clearInterval(timer);
    socket.close();
  };
}
