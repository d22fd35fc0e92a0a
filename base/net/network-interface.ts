import { closeDescriptor, lastError, openDescriptor } from "./kernel/file-descriptor.ts";
import { libc } from "./kernel/libc.ts";
import {
  AF_INET,
  IFNAMSIZ,
  IFREQ_BYTES,
  SIOCGIFHWADDR,
  SIOCGIFINDEX,
  SOCK_DGRAM,
} from "./kernel/linux.ts";
import { NativeMemory } from "./kernel/native-memory.ts";
import { errorNamed } from "./kernel/socket-error.ts";

const HARDWARE_ADDRESS_BYTES = 6;

export interface NetworkInterface {
  readonly name: string;
  /** The kernel's number for it, as in `UdpSocket.interfaceIndex`. */
  readonly index: number;
  /** ARPHRD_*: 1 is Ethernet, 772 the loopback. */
  readonly hardwareType: number;
  /** Six bytes; all zero on the loopback. */
  readonly hardwareAddress: Uint8Array;
}

/**
 * Asks the kernel about an interface of this thread's network namespace, up or down, with or
 * without an address. Throws SocketError: `ENODEV` for a name that does not exist.
 */
export function networkInterface(name: string): NetworkInterface {
  const encoded = new TextEncoder().encode(name);
  const what = `cannot look up network interface ${name}`;
  if (encoded.length === 0 || encoded.length >= IFNAMSIZ) throw errorNamed(what, "ENODEV");
  const request = new NativeMemory(IFREQ_BYTES);
  request.bytes.set(encoded);
  let index = 0;
  const fd = openDescriptor(what, { domain: AF_INET, type: SOCK_DGRAM, protocol: 0 }, (opened) => {
    if (libc().ioctl(opened, SIOCGIFINDEX, request.address) !== 0) throw lastError(what);
    index = request.view.getInt32(IFNAMSIZ, true);
    if (libc().ioctl(opened, SIOCGIFHWADDR, request.address) !== 0) throw lastError(what);
  });
  closeDescriptor(fd);
  // The answer is a sockaddr: the hardware type in place of the family, then the address.
  const address = IFNAMSIZ + 2;
  return {
    name,
    index,
    hardwareType: request.view.getUint16(IFNAMSIZ, true),
    hardwareAddress: request.bytes.slice(address, address + HARDWARE_ADDRESS_BYTES),
  };
}
