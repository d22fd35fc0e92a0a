import { DecodeError } from "../../protocol/decode-error.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import type { DhcpPacket } from "../../protocol/dhcp/packet.ts";
import { decodeSubOptions, type SubOption } from "../../protocol/dhcp/sub-options.ts";
import {
  CABLELABS_ENTERPRISE,
  CableLabsCode,
  CccCode,
  decodeVendorOptions,
} from "../../protocol/dhcp/vendor.ts";
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
  /**
   * For a modem: the DHCP servers whose offers its MTA may take, primary first (RFC 3495 section 5.1).
   * Empty when the ACK names none.
   */
  readonly mtaDhcpServers: readonly number[];
}

const utf8 = new TextDecoder();

/**
 * Reads an ACK as firmware does. The TFTP servers come from CableLabs' option 125 sub-option 2, which
 * DOCSIS 3.0 modems ask for and prefer to `siaddr`; then from `siaddr`, option 150 (RFC 5859), and option
 * 66 if it holds an address in text: a name would need DNS, which no device here has. The file is the
 * `file` field, else option 67. Options that do not decode are passed over.
 */
export function bootParametersOf(packet: DhcpPacket): BootParameters {
  const { options } = packet;
  const listed = (code: number) => addressesIn(options.get(code));
  const cableLabs = subOptionsOf(options.get(OptionCode.vendorOptions), decodeCableLabs);
  const packetCable = subOptionsOf(
    options.get(OptionCode.cablelabsClientConfiguration),
    decodeSubOptions,
  );
  const tftpServers = new Set([
    ...addressesIn(valueIn(cableLabs, CableLabsCode.tftpServers)),
    packet.siaddr,
    ...listed(OptionCode.tftpServerAddress),
    parseIpv4(textOf(options.get(OptionCode.tftpServerName))) ?? 0,
  ]);
  tftpServers.delete(0);
  return {
    address: packet.yiaddr,
    tftpServers: [...tftpServers].slice(0, STEP_SERVERS_MAX),
    filename: textOf(packet.file) || textOf(options.get(OptionCode.bootfileName)),
    timeServers: listed(OptionCode.timeServers),
    ntpServers: listed(OptionCode.ntpServers),
    logServers: listed(OptionCode.logServers),
    mtaDhcpServers: [CccCode.primaryDhcpServer, CccCode.secondaryDhcpServer].flatMap((code) =>
      addressesIn(valueIn(packetCable, code)),
    ),
  };
}

/** The addresses of an option, without 0.0.0.0 and without an incomplete last one. */
function addressesIn(value: Uint8Array | undefined): number[] {
  const addresses: number[] = [];
  if (value === undefined) return addresses;
  for (let at = 0; at + 4 <= value.length && addresses.length < STEP_SERVERS_MAX; at += 4) {
    const address = readIpv4(value, at);
    if (address !== 0 && !addresses.includes(address)) addresses.push(address);
  }
  return addresses;
}

function decodeCableLabs(bytes: Uint8Array): readonly SubOption[] {
  const vendors = decodeVendorOptions(bytes);
  return vendors.find(({ enterprise }) => enterprise === CABLELABS_ENTERPRISE)?.options ?? [];
}

function subOptionsOf(
  value: Uint8Array | undefined,
  decode: (bytes: Uint8Array) => readonly SubOption[],
): readonly SubOption[] {
  if (value === undefined) return [];
  try {
    return decode(value);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return [];
  }
}

function valueIn(options: readonly SubOption[], wanted: number): Uint8Array | undefined {
  return options.find(({ code }) => code === wanted)?.value;
}

/** Up to the first NUL, because some servers count it. */
function textOf(value: Uint8Array | undefined): string {
  if (value === undefined) return "";
  const nul = value.indexOf(0);
  return utf8.decode(nul < 0 ? value : value.subarray(0, nul));
}
