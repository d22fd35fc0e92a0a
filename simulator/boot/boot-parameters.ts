import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import type { DhcpPacket, OptionList } from "../../protocol/dhcp/packet.ts";
import { parseIpv4, readIpv4 } from "../../protocol/ipv4.ts";
import { STEP_SERVERS_MAX } from "./step.ts";

/** What a DHCPACK tells a device about the rest of its boot. Addresses are unsigned numbers. */
export interface BootParameters {
  readonly address: number;
  /** Primary first (TFTP-2); each address once. */
  readonly tftpServers: readonly number[];
  /** Empty when the device is to fetch nothing. */
  readonly filename: string;
  /** RFC 868, option 4. */
  readonly timeServers: readonly number[];
  /** Option 42. */
  readonly ntpServers: readonly number[];
  /** Option 7. */
  readonly logServers: readonly number[];
}

const TIME_SERVERS = 4;
const LOG_SERVERS = 7;
const NTP_SERVERS = 42;
const TFTP_SERVER_NAME = 66;
const BOOTFILE_NAME = 67;

const utf8 = new TextDecoder();

/**
 * Reads an ACK as firmware does. The TFTP server is `siaddr`, then those of option 150 (RFC 5859),
 * then option 66 when it is an address in text: a name would need DNS, which no device here has. The
 * file is the `file` field, else option 67.
 */
export function bootParametersOf(packet: DhcpPacket): BootParameters {
  const { options } = packet;
  const tftpServers: number[] = [];
  if (packet.siaddr !== 0) tftpServers.push(packet.siaddr);
  for (const address of addressesOf(options, OptionCode.tftpServerAddress)) {
    addOnce(tftpServers, address);
  }
  const named = parseIpv4(textOf(options.get(TFTP_SERVER_NAME)));
  if (named !== undefined && named !== 0) addOnce(tftpServers, named);
  return {
    address: packet.yiaddr,
    tftpServers: tftpServers.slice(0, STEP_SERVERS_MAX),
    filename: textOf(packet.file) || textOf(options.get(BOOTFILE_NAME)),
    timeServers: addressesOf(options, TIME_SERVERS),
    ntpServers: addressesOf(options, NTP_SERVERS),
    logServers: addressesOf(options, LOG_SERVERS),
  };
}

/** The addresses of an option, the unusable 0.0.0.0 left out; a last, incomplete one too. */
function addressesOf(options: OptionList, code: number): number[] {
  const value = options.get(code);
  const addresses: number[] = [];
  if (value === undefined) return addresses;
  for (let at = 0; at + 4 <= value.length && addresses.length < STEP_SERVERS_MAX; at += 4) {
    const address = readIpv4(value, at);
    if (address !== 0) addOnce(addresses, address);
  }
  return addresses;
}

function addOnce(addresses: number[], address: number): void {
  if (!addresses.includes(address)) addresses.push(address);
}

/** Up to the first NUL, because some servers count it. */
function textOf(value: Uint8Array | undefined): string {
  if (value === undefined) return "";
  const nul = value.indexOf(0);
  return utf8.decode(nul < 0 ? value : value.subarray(0, nul));
}
