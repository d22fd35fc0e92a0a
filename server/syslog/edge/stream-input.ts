import type { Socket } from "node:net";
import type { Clock } from "../../../base/clock.ts";
import { SyslogFramer } from "../../../protocol/syslog/framing.ts";
import type { SyslogReceiver } from "../syslog-receiver.ts";

/**
 * Reads the messages of one TCP connection (RFC 6587). TCP can wait, so a sender beyond its limits loses
 * nothing by them: we stop reading until they allow the messages that came too early, on any connection of its.
 */
export function readStream(
  socket: Socket,
  peer: number,
  receiver: SyslogReceiver,
  clock: Clock,
): void {
  const framer = new SyslogFramer();
  let pauseMs = 0;
  let cutOff = 0;
  const take = (frame: Uint8Array): void => {
    pauseMs = receiver.accept(frame, peer, clock.monotonicMs(), clock.wallMs(), "tcp");
  };
  const count = (): void => {
    receiver.counters["cut-off"] += framer.truncated - cutOff;
    cutOff = framer.truncated;
  };
  let resumeTimer: NodeJS.Timeout | undefined;
  socket.on("data", (chunk: Uint8Array) => {
    framer.push(chunk, take);
    count();
    if (pauseMs === 0) return;
    socket.pause();
    resumeTimer = setTimeout(() => socket.resume(), pauseMs);
    pauseMs = 0;
  });
  socket.on("end", () => {
    framer.end(take);
    count();
  });
  socket.on("close", () => clearTimeout(resumeTimer));
}
