import { DecodeError } from "../decode-error.ts";
import { readIpv4 } from "../ipv4.ts";
import { decodeDomainName } from "./domain-name.ts";
import { encodeValue, type OptionType, type OptionValue } from "./option-value.ts";
import { decodeSubOptions, encodeSubOptions, type SubOption } from "./sub-options.ts";

/** Sub-options of option 122 (RFC 3495, 3594, 3634). */
export const CccCode = {
  primaryDhcpServer: 1,
  secondaryDhcpServer: 2,
  provisioningServer: 3,
  asRequestBackoff: 4,
  apRequestBackoff: 5,
  kerberosRealm: 6,
  ticketGrantingTicket: 7,
  provisioningTimer: 8,
  ticketControl: 9,
  keyDistributionCenters: 10,
} as const;

/** RFC 3495, section 5.3: by name or by address. */
export type ProvisioningServer =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "address"; readonly address: number };

/** Three 32-bit numbers. The nominal timeout is in ms in sub-option 4 and in seconds in 5. */
export interface KerberosBackoff {
  readonly nominalTimeout: number;
  readonly timeoutSecondsMax: number;
  readonly retriesMax: number;
}

/** Option 122, CableLabs Client Configuration. */
export interface CccConfiguration {
  /** Sent to the cable modem; 0.0.0.0: the MTA must not provision itself. */
  readonly primaryDhcpServer?: number;
  readonly secondaryDhcpServer?: number;
  readonly provisioningServer?: ProvisioningServer;
  readonly asRequestBackoff?: KerberosBackoff;
  readonly apRequestBackoff?: KerberosBackoff;
  /** `BASIC.1`, `HYBRID.2` or a realm in capitals: it selects the provisioning flow. */
  readonly kerberosRealm?: string;
  readonly usesTicketGrantingTicket?: boolean;
  /** 0 turns the timer off. */
  readonly provisioningTimerMinutes?: number;
  /** Bit 0: the provisioning server's tickets, bit 1: those of all call servers (RFC 3594). */
  readonly ticketControlMask?: number;
  readonly keyDistributionCenters?: readonly number[];
  /** All other sub-options, in the order of appearance. */
  readonly unknown: readonly SubOption[];
}

type Draft = { -readonly [Key in keyof CccConfiguration]: CccConfiguration[Key] };

const SERVER_BY_NAME = 0;
const SERVER_BY_ADDRESS = 1;

const address: OptionType = { fields: ["ip"], repeat: "none" };
const addresses: OptionType = { fields: ["ip"], repeat: "all" };
const flag: OptionType = { fields: ["flag"], repeat: "none" };
const uint8: OptionType = { fields: ["u8"], repeat: "none" };
const uint16: OptionType = { fields: ["u16"], repeat: "none" };
const threeUint32: OptionType = { fields: ["u32", "u32", "u32"], repeat: "none" };
const domain: OptionType = { fields: ["domain"], repeat: "none" };

/** Writes sub-options in the order of their codes, the unknown ones last. Throws EncodeError. */
export function encodeCcc(configuration: CccConfiguration): Uint8Array {
  const c = configuration;
  const elements: SubOption[] = [];
  const add = (code: number, type: OptionType, ...values: (OptionValue | undefined)[]): void => {
    const given = values.filter((value) => value !== undefined);
    if (given.length > 0) elements.push({ code, value: encodeValue(type, given) });
  };
  add(CccCode.primaryDhcpServer, address, c.primaryDhcpServer);
  add(CccCode.secondaryDhcpServer, address, c.secondaryDhcpServer);
  if (c.provisioningServer !== undefined) {
    const value = encodeServer(c.provisioningServer);
    elements.push({ code: CccCode.provisioningServer, value });
  }
  add(CccCode.asRequestBackoff, threeUint32, ...numbersOf(c.asRequestBackoff));
  add(CccCode.apRequestBackoff, threeUint32, ...numbersOf(c.apRequestBackoff));
  add(CccCode.kerberosRealm, domain, c.kerberosRealm);
  add(CccCode.ticketGrantingTicket, flag, c.usesTicketGrantingTicket);
  add(CccCode.provisioningTimer, uint8, c.provisioningTimerMinutes);
  add(CccCode.ticketControl, uint16, c.ticketControlMask);
  add(CccCode.keyDistributionCenters, addresses, ...(c.keyDistributionCenters ?? []));
  return encodeSubOptions([...elements, ...c.unknown]);
}

/**
 * Throws DecodeError unless the sub-options fill the bytes and have the right lengths. A second instance
 * of a known sub-option is kept in `unknown`.
 */
export function decodeCcc(bytes: Uint8Array): CccConfiguration {
  const draft: Draft = { unknown: [] };
  const unknown: SubOption[] = [];
  const seen = new Set<number>();
  for (const element of decodeSubOptions(bytes)) {
    const offset = element.value.byteOffset - bytes.byteOffset;
    if (seen.has(element.code) || !decodeInto(draft, element, offset)) unknown.push(element);
    seen.add(element.code);
  }
  draft.unknown = unknown;
  return draft;
}

function decodeInto(draft: Draft, { code, value }: SubOption, offset: number): boolean {
  switch (code) {
    case CccCode.primaryDhcpServer:
      draft.primaryDhcpServer = readIpv4(expectBytes(value, 4, offset), 0);
      return true;
    case CccCode.secondaryDhcpServer:
      draft.secondaryDhcpServer = readIpv4(expectBytes(value, 4, offset), 0);
      return true;
    case CccCode.provisioningServer:
      draft.provisioningServer = decodeServer(value, offset);
      return true;
    case CccCode.asRequestBackoff:
      draft.asRequestBackoff = decodeBackoff(value, offset);
      return true;
    case CccCode.apRequestBackoff:
      draft.apRequestBackoff = decodeBackoff(value, offset);
      return true;
    case CccCode.kerberosRealm:
      draft.kerberosRealm = decodeWholeName(value, 0, offset);
      return true;
    case CccCode.ticketGrantingTicket:
      if (expectBytes(value, 1, offset)[0] > 1) throw new DecodeError("bad-option-value", offset);
      draft.usesTicketGrantingTicket = value[0] === 1;
      return true;
    case CccCode.provisioningTimer:
      draft.provisioningTimerMinutes = expectBytes(value, 1, offset)[0];
      return true;
    case CccCode.ticketControl:
      draft.ticketControlMask = (expectBytes(value, 2, offset)[0] << 8) | value[1];
      return true;
    case CccCode.keyDistributionCenters:
      draft.keyDistributionCenters = decodeAddresses(value, offset);
      return true;
    default:
      return false;
  }
}

function encodeServer(server: ProvisioningServer): Uint8Array {
  return server.kind === "name"
    ? Uint8Array.of(SERVER_BY_NAME, ...encodeValue(domain, [server.name]))
    : Uint8Array.of(SERVER_BY_ADDRESS, ...encodeValue(address, [server.address]));
}

function decodeServer(value: Uint8Array, offset: number): ProvisioningServer {
  if (value.length === 0) throw new DecodeError("bad-option-length", offset);
  if (value[0] === SERVER_BY_NAME) {
    return { kind: "name", name: decodeWholeName(value, 1, offset) };
  }
  if (value[0] !== SERVER_BY_ADDRESS) throw new DecodeError("bad-option-value", offset);
  return { kind: "address", address: readIpv4(expectBytes(value, 5, offset), 1) };
}

function numbersOf(backoff: KerberosBackoff | undefined): number[] {
  if (backoff === undefined) return [];
  return [backoff.nominalTimeout, backoff.timeoutSecondsMax, backoff.retriesMax];
}

function decodeBackoff(value: Uint8Array, offset: number): KerberosBackoff {
  expectBytes(value, 12, offset);
  return {
    nominalTimeout: readIpv4(value, 0),
    timeoutSecondsMax: readIpv4(value, 4),
    retriesMax: readIpv4(value, 8),
  };
}

function decodeAddresses(value: Uint8Array, offset: number): number[] {
  if (value.length === 0 || value.length % 4 !== 0) {
    throw new DecodeError("bad-option-length", offset);
  }
  const list: number[] = [];
  for (let at = 0; at < value.length; at += 4) list.push(readIpv4(value, at));
  return list;
}

function decodeWholeName(value: Uint8Array, start: number, offset: number): string {
  const { name, end } = decodeDomainName(value, start, false);
  if (end !== value.length) throw new DecodeError("bad-domain-name", offset + end);
  return name;
}

function expectBytes(value: Uint8Array, length: number, offset: number): Uint8Array {
  if (value.length !== length) throw new DecodeError("bad-option-length", offset);
  return value;
}
