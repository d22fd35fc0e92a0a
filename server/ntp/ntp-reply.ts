import {
  NtpLeap,
  NtpMode,
  type NtpPacket,
  ntpTimestampOf,
  ntpTimestampZero,
  referenceIdOf,
} from "../../protocol/ntp/packet.ts";
import type { ClockState } from "./clock-state.ts";

export type NtpDropReason = "mode-not-served" | "version" | "no-source-port" | "rate";

const versionMin = 1;
const versionMax = 4;
const rateCode = referenceIdOf("RATE");
/** 2^6 s: the poll interval that we tell a client that asked too often (RFC 5905: MINPOLL to MAXPOLL). */
const ratePoll = 6;

/**
 * Why a packet gets no reply at all. Only requests are answered (client and symmetric active mode), never
 * replies or modes 6 and 7. So two servers cannot answer each other for ever, and the server cannot be
 * used for amplification.
 */
export function ntpRefusal(request: NtpPacket, sourcePort: number): NtpDropReason | undefined {
  if (sourcePort === 0) return "no-source-port";
  if (request.mode !== NtpMode.client && request.mode !== NtpMode.symmetricActive) {
    return "mode-not-served";
  }
  if (request.version < versionMin || request.version > versionMax) return "version";
  return undefined;
}

/** The reply of RFC 4330, section 6 and RFC 5905, section 9.2. Times are Unix milliseconds. */
export function ntpReply(
  request: NtpPacket,
  state: ClockState,
  receivedUnixMs: number,
  sentUnixMs: number,
): NtpPacket {
  return {
    leap: state.leap,
    version: request.version,
    mode: replyModeOf(request),
    stratum: state.stratum,
    poll: request.poll,
    precision: state.precision,
    rootDelaySeconds: state.rootDelaySeconds,
    rootDispersionSeconds: state.rootDispersionSeconds,
    referenceId: state.referenceId,
    // The host's clock may step back, and clients distrust a server whose reference is in the future.
    reference: ntpTimestampOf(Math.min(state.referenceUnixMs, sentUnixMs)),
    originate: request.transmit,
    receive: ntpTimestampOf(Math.min(receivedUnixMs, sentUnixMs)),
    transmit: ntpTimestampOf(sentUnixMs),
  };
}

/**
 * The kiss-o'-death RATE (RFC 5905, section 7.4): it asks the client to poll less often and carries no
 * time.
 */
export function ntpRateKiss(request: NtpPacket, state: ClockState, nowUnixMs: number): NtpPacket {
  const now = ntpTimestampOf(nowUnixMs);
  return {
    leap: NtpLeap.unsynchronised,
    version: request.version,
    mode: replyModeOf(request),
    stratum: 0,
    poll: Math.max(request.poll, ratePoll),
    precision: state.precision,
    rootDelaySeconds: 0,
    rootDispersionSeconds: 0,
    referenceId: rateCode,
    reference: ntpTimestampZero,
    originate: request.transmit,
    receive: now,
    transmit: now,
  };
}

function replyModeOf(request: NtpPacket): number {
  return request.mode === NtpMode.symmetricActive ? NtpMode.symmetricPassive : NtpMode.server;
}
