/**
 * Common to the clients of the boot steps: each keeps all devices of a shard in columns, knows a device by
 * its local number, and gets the time from its caller.
 */

/** Where a step's datagrams go. The packet is built in the lent buffer, then one `send` follows. */
export interface StepWire {
  /** Room for the next datagram: STEP_PACKET_BYTES_MAX or more. */
  buffer(): Uint8Array;
  /** Send the first `length` bytes of the buffer from the device's own address. */
  send(local: number, length: number, destination: number, port: number): void;
  /** One more copy of a datagram that found no answer. */
  retransmitted(local: number): void;
}

/** No datagram of a boot step is longer. */
export const STEP_PACKET_BYTES_MAX = 1024;

/** One timer for each device, such as a `TimerWheel`. Its owner calls the client's `timeOut`. */
export interface StepTimers {
  schedule(local: number, dueAtMs: number): void;
  cancel(local: number): void;
}

/** The next unsigned 32-bit random number of a device. */
export type StepRandom = (local: number) => number;

/** A server as an ACK names it; the address is an unsigned 32-bit number. */
export interface StepServer {
  readonly address: number;
  readonly port: number;
}

/** The same service at several addresses. */
export function stepServers(addresses: readonly number[], port: number): StepServer[] {
  return addresses.map((address) => ({ address, port }));
}

/** How a device repeats a datagram that finds no answer. */
export interface StepRetry {
  readonly firstRetryMs: number;
  /** Each wait is twice the one before, up to this. */
  readonly maxRetryMs: number;
  /** Each wait varies at random by up to this share of itself, both ways: 0 to 1. */
  readonly jitter: number;
  /** Transmissions of one datagram to one server, the first included. */
  readonly triesMax: number;
}

/** The wait after transmission number `attempt` (0 is the first); `draw` is any 32-bit number. */
export function stepWaitMs(retry: StepRetry, attempt: number, draw: number): number {
  const waitMs = Math.min(retry.firstRetryMs * 2 ** attempt, retry.maxRetryMs);
  return Math.max(1, waitMs * (1 + retry.jitter * (draw / 2 ** 31 - 1)));
}

/** Throws RangeError for a policy that never ends or never waits. */
export function checkStepRetry(name: string, retry: StepRetry): void {
  const { firstRetryMs, maxRetryMs, jitter, triesMax } = retry;
  if (!(firstRetryMs > 0 && maxRetryMs >= firstRetryMs && maxRetryMs < Number.POSITIVE_INFINITY)) {
    throw new RangeError(
      `${name}: waits from ${firstRetryMs} to ${maxRetryMs} ms; give 0 < firstRetryMs <= maxRetryMs`,
    );
  }
  if (!(jitter >= 0 && jitter <= 1))
    throw new RangeError(`${name}: jitter ${jitter} is not 0 to 1`);
  if (!(Number.isInteger(triesMax) && triesMax >= 1 && triesMax <= 255)) {
    throw new RangeError(`${name}: triesMax ${triesMax} is not 1 to 255`);
  }
}

/** Throws RangeError unless there is a server to ask, and not more than a device would try. */
export function checkStepServers(name: string, servers: readonly StepServer[]): void {
  if (servers.length < 1 || servers.length > STEP_SERVERS_MAX) {
    throw new RangeError(`${name}: ${servers.length} servers; give 1 to ${STEP_SERVERS_MAX}`);
  }
}

export const STEP_SERVERS_MAX = 8;
