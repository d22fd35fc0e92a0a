import { BatchSocket } from "./batch-socket.ts";
import { openDeviceSockets } from "./device-sockets.ts";
import { openDgramSocket } from "./dgram-socket.ts";
import { libcMissingReason } from "./libc.ts";
import { SocketError } from "./socket-error.ts";
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

const defaults = {
  receives: true,
  broadcast: false,
  batchMax: 256,
  flushesWhenFull: true,
  segmentation: false,
  datagramBytesMax: 2048,
  bufferBytes: 8 * 1024 * 1024,
} as const;

const limits = {
  batchMax: 1024,
  datagramBytesMax: 65_535,
  bufferBytes: 0x3fff_ffff,
  groupCount: 256,
} as const;

/**
 * Opens and binds a socket, always with SO_REUSEADDR, so that one on a single address and one on
 * the wildcard coexist; two on the very same address do not fail either, and the later one gets
 * the traffic. Throws SocketError when the system refuses, RangeError on options out of range.
 * `PROVLAB_SOCKET=dgram` in the environment makes `auto` take the fallback.
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
