import { BatchSocket } from "./batch-socket.ts";
import { openDeviceSockets } from "./device-sockets.ts";
import { openDgramSocket } from "./dgram-socket.ts";
import { libcMissingReason } from "./kernel/libc.ts";
import { SocketError } from "./kernel/socket-error.ts";
import type {
  ResolvedUdpSocketOptions,
  UdpSocket,
  UdpSocketOptions,
} from "./udp-socket-contract.ts";

export type {
  SendingSocket,
  UdpSocket,
  UdpSocketCounters,
  UdpSocketOptions,
} from "./udp-socket-contract.ts";
export { waitReadable } from "./wait-readable.ts";

/** The kernel's receive buffer that a socket asks for unless told. */
export const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;

const defaults = {
  receives: true,
  sharesPort: false,
  broadcast: false,
  batchMax: 256,
  flushesWhenFull: true,
  segmentation: false,
  datagramBytesMax: 2048,
  bufferBytes: RECEIVE_BUFFER_BYTES,
} as const;

const limits = {
  batchMax: 1024,
  datagramBytesMax: 65_535,
  bufferBytes: 0x3fff_ffff,
  groupCount: 256,
} as const;

/**
 * Opens and binds a socket. Unless it shares its port, no other socket has an address in common with it:
 * one on the wildcard has the port alone. Throws SocketError when the system refuses, RangeError on options
 * out of range. `PROVLAB_SOCKET=dgram` in the environment makes `auto` take the fallback.
 *
 * Linux keeps other users off a wildcard socket. Off one on a single address and a port above 1023 it does
 * not: a chain of sockets with SO_REUSEPORT, on another address, on the wildcard and at last on this one,
 * gets by (seen on Linux 6.18).
 */
export async function openUdpSocket(options: UdpSocketOptions): Promise<UdpSocket> {
  const resolved: ResolvedUdpSocketOptions = { ...defaults, ...options };
  checkOptions(resolved);
  const isBatch = backendOf(options) === "batch";
  if (options.devices !== undefined) return openOnDevices(resolved, options.devices, isBatch);
  return isBatch ? new BatchSocket(resolved) : openDgramSocket(resolved);
}

function openOnDevices(
  options: ResolvedUdpSocketOptions,
  devices: readonly string[],
  isBatch: boolean,
): UdpSocket {
  if (isBatch) return openDeviceSockets(options, devices);
  throw new SocketError("cannot bind UDP to interfaces with node:dgram", "ENOTSUP");
}

function backendOf(options: UdpSocketOptions): "batch" | "dgram" {
  if (options.backend === "dgram") return "dgram";
  const missing = libcMissingReason();
  if (options.backend === "batch") {
    if (missing === undefined) return "batch";
    throw new SocketError(`the batched UDP socket is not available: ${missing}`, "ENOTSUP");
  }
  return missing !== undefined || process.env["PROVLAB_SOCKET"] === "dgram" ? "dgram" : "batch";
}

function checkOptions(options: ResolvedUdpSocketOptions): void {
  const { group } = options;
  checkWhole("address", options.address, 0, 0xffff_ffff);
  checkWhole("port", options.port, 0, 65_535);
  checkWhole("batchMax", options.batchMax, 1, limits.batchMax);
  checkWhole("datagramBytesMax", options.datagramBytesMax, 1, limits.datagramBytesMax);
  checkWhole("bufferBytes", options.bufferBytes, 1, limits.bufferBytes);
  if (group === undefined) return;
  checkWhole("group.count", group.count, 1, limits.groupCount);
  checkWhole("group.index", group.index, 0, group.count - 1);
}

function checkWhole(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  const wanted = `a whole number in ${min}..${max}`;
  throw new RangeError(`UDP socket option ${name} must be ${wanted}, not ${value}`);
}
