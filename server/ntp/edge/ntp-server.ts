import { randomInt } from "node:crypto";
import { type Clock, systemClock } from "../../../base/clock.ts";
import { type Logger, nullLogger } from "../../../base/log.ts";
import type { UdpSocket } from "../../../base/net/udp-socket.ts";
import { type SourceRateLimits, SourceRates } from "../../../base/source-rates.ts";
import { DecodeError } from "../../../protocol/decode-error.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { decodeNtp, encodeNtp, type NtpPacket } from "../../../protocol/ntp/packet.ts";
import {
  type CounterNames,
  counterFamilies,
  type Family,
  gauge,
} from "../../metrics/exposition.ts";
import {
  type CountingService,
  openServiceSocket,
  pushReply,
  type ServiceOptions,
  serveDatagrams,
} from "../../service/loop/datagram-loop.ts";
import {
  type ClockPolicy,
  type ClockState,
  clockPolicyDefault,
  clockStateOf,
} from "../clock-state.ts";
import { type NtpDropReason, ntpRateKiss, ntpRefusal, ntpReply } from "../ntp-reply.ts";
import { type HostClock, openHostClock } from "./host-clock.ts";

const ntpPort = 123;
/**
 * Two of ntpd's iburst series at once. Afterwards one request every 4 s, well above the one in 15 s that
 * RFC 4330, section 10 allows.
 */
export const ntpRateLimitsDefault: SourceRateLimits = { burst: 16, perSecond: 0.25 };
/** An address over its limit gets one kiss-o'-death in this time, however much it sends. */
const kissLimits: SourceRateLimits = { burst: 1, perSecond: 0.25 };

export interface NtpServerOptions extends ServiceOptions {
  readonly policy?: Partial<ClockPolicy>;
  /** Request limits for each address; `false`: no limit. */
  readonly rateLimits?: SourceRateLimits | false;
  readonly hostClock?: HostClock;
}

export const newNtpCounters = () => ({
  answered: 0,
  kissed: 0,
  rejected: 0,
  dropped: { "mode-not-served": 0, version: 0, "no-source-port": 0, rate: 0 } satisfies Record<
    NtpDropReason,
    number
  >,
});

type NtpCounters = ReturnType<typeof newNtpCounters>;

const names: CounterNames = {
  answered: { help: "Requests answered with the time." },
  kissed: { help: "Requests answered with a kiss-o'-death." },
  rejected: { help: "Datagrams that are no NTP packet." },
  dropped: { label: "reason", help: "Requests without an answer, by reason." },
};

export function ntpFamilies(counters: NtpCounters, stratum: number): Family[] {
  return [
    ...counterFamilies("provlab_ntp", counters, names),
    gauge("provlab_ntp_stratum", "What replies say of the clock: 16 is not set.", stratum),
  ];
}

export interface RunningNtpServer extends CountingService {
  readonly counters: NtpCounters;
  /** The clock's state as replies currently give it. */
  readonly clockState: () => ClockState;
}

/**
 * NTP in server mode (RFC 5905, RFC 4330; SYS-7). It serves the host's clock, which the host's own ntpd
 * or chronyd disciplines (TIME-1). Rejects with StartError when the port is not available, and with
 * RangeError on a stratum outside 1 to 15.
 */
export async function startNtpServer(options: NtpServerOptions = {}): Promise<RunningNtpServer> {
  const { address = 0, port = ntpPort, clock = systemClock, logger = nullLogger } = options;
  const service = new NtpService(options, clock, logger);
  const { backend } = options;
  const socket = await openServiceSocket({ service: "NTP", address, port, backend });
  logger.info(
    `NTP on ${formatIpv4(address)} port ${socket.localPort}, stratum ${service.state.stratum}.`,
  );
  const running = serveDatagrams({
    socket,
    clock,
    serve: (index, nowMs) => service.serve(socket, index, nowMs),
    everySecond: () => service.refresh(),
  });
  const { counters } = service;
  const families = () => ntpFamilies(counters, service.state.stratum);
  return { ...running, counters, families, clockState: () => service.state };
}

class NtpService {
  readonly counters = newNtpCounters();
  readonly #policy: ClockPolicy;
  readonly #hostClock: HostClock;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #rates: SourceRates | undefined;
  readonly #kisses: SourceRates;
  #state: ClockState;

  constructor(options: NtpServerOptions, clock: Clock, logger: Logger) {
    this.#policy = { ...clockPolicyDefault, ...options.policy };
    const { stratum } = this.#policy;
    if (!Number.isInteger(stratum) || stratum < 1 || stratum > 15) {
      throw new RangeError(`the NTP stratum must be a whole number in 1..15, not ${stratum}`);
    }
    this.#hostClock = options.hostClock ?? openHostClock();
    this.#clock = clock;
    this.#logger = logger;
    const { rateLimits = ntpRateLimitsDefault } = options;
    const seed = randomInt(2 ** 32);
    this.#rates = rateLimits === false ? undefined : new SourceRates(rateLimits, seed);
    this.#kisses = new SourceRates(kissLimits, seed);
    this.#state = this.#readState();
  }

  get state(): ClockState {
    return this.#state;
  }

  /** Reads the kernel's state again, because its maximum error grows every second. */
  refresh(): void {
    const before = this.#state.stratum;
    this.#state = this.#readState();
    if (this.#state.stratum === before) return;
    this.#logger.warn(`NTP: stratum ${before} is now ${this.#state.stratum}.`);
  }

  serve(socket: UdpSocket, index: number, nowMs: number): void {
    const request = this.#decode(socket.bytes(index));
    if (request === undefined) return;
    const refusal = ntpRefusal(request, socket.sourcePort(index));
    if (refusal !== undefined) {
      this.counters.dropped[refusal] += 1;
      return;
    }
    const source = socket.sourceAddress(index);
    if (this.#rates?.take(source, nowMs) === false) {
      this.counters.dropped.rate += 1;
      if (!this.#kisses.take(source, nowMs)) return;
      this.counters.kissed += 1;
      const kiss = ntpRateKiss(request, this.#state, this.#hostClock.unixMs());
      pushReply(socket, index, encodeNtp(kiss, socket.slot(), 0));
      return;
    }
    const sentUnixMs = this.#hostClock.unixMs();
    // How long ago the kernel received it, on the monotonic clock, which is never stepped.
    const waitedMs = Math.max(0, this.#clock.monotonicMs() - socket.receivedAtMs(index));
    const reply = ntpReply(request, this.#state, sentUnixMs - waitedMs, sentUnixMs);
    pushReply(socket, index, encodeNtp(reply, socket.slot(), 0));
    this.counters.answered += 1;
  }

  #readState(): ClockState {
    const { precision } = this.#hostClock;
    const unixMs = this.#hostClock.unixMs();
    return clockStateOf(this.#hostClock.kernel(), this.#policy, unixMs, precision);
  }

  #decode(bytes: Uint8Array): NtpPacket | undefined {
    try {
      return decodeNtp(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.counters.rejected += 1;
      return undefined;
    }
  }
}
