import type { Socket } from "node:net";
import type { Clock } from "../../../base/clock.ts";
import type { SourceRates } from "../../../base/source-rates.ts";
import { SyslogFramer } from "../../../protocol/syslog/framing.ts";
import type { SyslogReceiver } from "../syslog-receiver.ts";

/** The longest pause, however far a sender is beyond its rate. */
const pauseMsMax = 30_000;

export interface StreamInputOptions {
  readonly receiver: SyslogReceiver;
  readonly rates: SourceRates | undefined;
  /** The rate that `rates` allows. */
  readonly perSecond: number;
  readonly clock: Clock;
}

/**
 * Reads the messages of one TCP connection (RFC 6587). TCP can wait, so a sender beyond its rate loses
 * nothing: we stop reading until its rate allows the messages that came too early.
 */
export function readStream(socket: Socket, peer: number, options: StreamInputOptions): void {
  const { receiver, rates, perSecond, clock } = options;
  const framer = new SyslogFramer();
  let excess = 0;
  let cutOff = 0;
  const take = (frame: Uint8Array): void => {
    if (rates?.take(peer, clock.monotonicMs()) === false) excess += 1;
    receiver.accept(frame, peer, clock.wallMs(), "tcp");
  };
  const count = (): void => {
    receiver.counters["cut-off"] += framer.truncated - cutOff;
    cutOff = framer.truncated;
  };
  let resumeTimer: NodeJS.Timeout | undefined;
  socket.on("data", (chunk: Uint8Array) => {
    framer.push(chunk, take);
    count();
    if (excess === 0) return;
    socket.pause();
    const pauseMs = Math.min((excess / perSecond) * 1000, pauseMsMax);
    excess = 0;
    resumeTimer = setTimeout(() => socket.resume(), pauseMs);
  });
  socket.on("end", () => {
    framer.end(take);
    count();
  });
  socket.on("close", () => clearTimeout(resumeTimer));
}
