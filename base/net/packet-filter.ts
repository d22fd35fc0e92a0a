import { lastError } from "./kernel/file-descriptor.ts";
import { libc } from "./kernel/libc.ts";
import { SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF, SOL_SOCKET } from "./kernel/linux.ts";
import { NativeMemory } from "./kernel/native-memory.ts";

type Instruction = readonly [code: number, constant: number];

const FILTER_BYTES = 8;
const LOAD_WORD_ABSOLUTE = 0x20;
const AND_CONSTANT = 0x54;
const MODULO_CONSTANT = 0x94;
const RETURN_ACCUMULATOR = 0x16;
const RETURN_CONSTANT = 0x06;

// The program of a reuseport group sees the payload, because the kernel has removed the UDP header by
// then. In a DHCP message chaddr starts at 28, so this word is its bytes 2 to 5.
const CHADDR_WORD_OFFSET = 30;
const LAST_THREE_BYTES = 0x00ff_ffff;

/** Which socket of a group of `count` gets a DHCP packet, by the rule that the kernel executes. */
export function groupIndexOf(payload: Uint8Array, count: number): number {
  // Too short for the load: the program ends with 0.
  if (payload.length < CHADDR_WORD_OFFSET + 4) return 0;
  const tail = payload.subarray(CHADDR_WORD_OFFSET + 1);
  return ((tail[0] << 16) | (tail[1] << 8) | tail[2]) % count;
}

/**
 * Steers a SO_REUSEPORT group by device, so that every packet of one device reaches one worker. Call it
 * once, on the bound socket that opened the group. If the socket of an index is not open (yet), the
 * kernel falls back to hashing; closing a socket moves the last one to its index.
 */
export function steerByDevice(fd: number, count: number): void {
  attach(
    fd,
    SO_ATTACH_REUSEPORT_CBPF,
    [
      [LOAD_WORD_ABSOLUTE, CHADDR_WORD_OFFSET],
      [AND_CONSTANT, LAST_THREE_BYTES],
      [MODULO_CONSTANT, count],
      [RETURN_ACCUMULATOR, 0],
    ],
    `cannot steer a group of ${count} UDP sockets by device`,
  );
}

/** Makes a socket that is not bound yet send only: the kernel drops every datagram that arrives. */
export function dropEverything(fd: number, what: string): void {
  attach(fd, SO_ATTACH_FILTER, [[RETURN_CONSTANT, 0]], what);
}

/** Attaches a program (classic BPF) to the socket, or throws the kernel's error. */
function attach(
  fd: number,
  option: number,
  instructions: readonly Instruction[],
  what: string,
): void {
  const filter = new NativeMemory(instructions.length * FILTER_BYTES);
  for (const [i, [code, constant]] of instructions.entries()) {
    filter.view.setUint16(i * FILTER_BYTES, code, true);
    filter.view.setUint32(i * FILTER_BYTES + 4, constant, true);
  }
  const program = new NativeMemory(16);
  program.view.setUint16(0, instructions.length, true);
  program.setPointer(8, filter.address);
  if (libc().setsockopt(fd, SOL_SOCKET, option, program.address, 16) !== 0) throw lastError(what);
}
