import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import type { OutgoingOption } from "../../../protocol/dhcp/packet.ts";
import { FILE_BYTES, SNAME_BYTES } from "../../../protocol/dhcp/packet.ts";
import type { ReplyTemplate } from "../../../protocol/dhcp/reply-template.ts";
import { readIpv4 } from "../../../protocol/ipv4.ts";
import type { Settings } from "../../config/language/settings.ts";
import { crossTftp, type TftpNames, type TftpPair } from "./crossed-tftp.ts";

const empty = new Uint8Array(0);

/**
 * The settings of one client at one place, read out of `Settings` with dhcpd's defaults filled in.
 * The same object serves every client to whom the same scopes, and the same branches of them, apply.
 */
export type Policy = Readonly<ReturnType<typeof policyOf>>;

/** The options that a request list selected, kept for the next client with the same list. */
export interface OptionOrder {
  readonly list: Uint8Array | undefined;
  readonly withSubnetMask: boolean;
  readonly options: readonly OutgoingOption[];
  /** Made for the first reply that needs it. */
  template?: ReplyTemplate;
  /** The first options of the latest OFFER and of the latest ACK. */
  leadingOffer?: LeadingOptions;
  leadingAck?: LeadingOptions;
}

/** The options before the configured ones in a reply that echoes nothing. */
export interface LeadingOptions {
  readonly serverIdentifier: number;
  readonly leaseSeconds: number | undefined;
  readonly options: readonly OutgoingOption[];
  /** Made when they are used for the second time. */
  opening?: Uint8Array | undefined;
}

/**
 * `constant`: every packet with these settings gets the same, so that what follows from it may be
 * remembered. `tftpServers`: on a node that crosses its TFTP server with another node's.
 */
export function policyOf(settings: Settings, constant: boolean, tftpServers?: TftpPair) {
  const pingTimeoutMs = settings.number("ping-timeout-ms") ?? 0;
  const nextServer = settings.address("next-server") ?? 0;
  const crossedTftp =
    tftpServers === undefined ? undefined : crossTftp(tftpNames(settings, nextServer), tftpServers);
  const orders: OptionOrder[] = [];
  return {
    settings,
    constant,
    leaseTimes: {
      defaultSeconds: settings.number("default-lease-time"),
      maxSeconds: settings.number("max-lease-time"),
      minSeconds: settings.number("min-lease-time"),
    },
    /** Percent of a pool in use from which leases are short; 0 is never. */
    adaptiveThreshold: settings.number("adaptive-lease-time-threshold") ?? 0,
    /** A client that asks for a lease without end gets its address reserved. */
    infiniteIsReserved: settings.flag("infinite-is-reserved") ?? false,
    logThresholdHigh: settings.number("log-threshold-high") ?? 0,
    logThresholdLow: settings.number("log-threshold-low") ?? 0,
    /** T1 and T2 as configured. */
    renewalSeconds: uint32(settings.option(OptionCode.renewalTime)),
    rebindingSeconds: uint32(settings.option(OptionCode.rebindingTime)),
    abandonSeconds: settings.number("abandon-lease-time") ?? 86_400,
    /** Percent of a lease's length during which it is answered without a new record. */
    cacheThreshold: cacheThresholdOf(settings),
    pingCheck: settings.flag("ping-check") ?? true,
    pingTimeoutMs:
      pingTimeoutMs > 0 ? pingTimeoutMs : (settings.number("ping-timeout") ?? 1) * 1000,
    pingClttSeconds: settings.number("ping-cltt-secs") ?? 60,
    unknownClients: isAllowed(settings.permission("unknown-clients")),
    booting: isAllowed(settings.permission("booting")),
    bootp: isAllowed(settings.permission("bootp")),
    /** Leases of BOOTP clients, seconds; undefined: without end. */
    bootpLeaseSeconds: settings.number("dynamic-bootp-lease-length"),
    /** When all leases of BOOTP clients end, seconds since 1970. */
    bootpCutoffSeconds: settings.number("dynamic-bootp-lease-cutoff"),
    duplicates: isAllowed(settings.permission("duplicates")),
    declines: isAllowed(settings.permission("declines")),
    oneLeasePerClient: settings.flag("one-lease-per-client") ?? false,
    ignoreClientIds: settings.flag("ignore-client-uids") ?? false,
    stashAgentOptions: settings.flag("stash-agent-options") ?? true,
    minSeconds: settings.number("min-secs") ?? 0,
    alwaysBroadcast: settings.flag("always-broadcast") ?? false,
    echoClientId: settings.flag("echo-client-id") ?? false,
    useHostNames: settings.flag("use-host-decl-names") ?? false,
    /** Without another name, the client gets the name that its address has in DNS. */
    leaseHostNames: settings.flag("get-lease-hostnames") ?? false,
    leaseAddressIsRouter: settings.flag("use-lease-addr-for-default-route") ?? false,
    serverIdentifier: settings.address("server-identifier"),
    nextServer: crossedTftp?.nextServer ?? nextServer,
    /** Takes the place of the configured TFTP servers (TFTP-2); undefined: they stay. */
    crossedTftp,
    /** Both cut to what the header's fields hold, and at the first NUL. */
    filename: cut(settings.bytes("filename"), FILE_BYTES),
    serverName: cut(settings.bytes("server-name"), SNAME_BYTES),
    /** Configured option 55: takes the place of the client's list. */
    requestList: settings.option(OptionCode.parameterRequestList),
    maxMessageSize: uint16(settings.option(OptionCode.maxMessageSize)),
    /** Ordered options of earlier replies, by request list: see `OptionOrder`. */
    orders,
  };
}

function tftpNames(settings: Settings, nextServer: number): TftpNames {
  return {
    nextServer,
    addresses: settings.option(OptionCode.tftpServerAddress),
    name: settings.option(OptionCode.tftpServerName),
  };
}

/** dhcpd takes 100 and above for a mistake, and goes by its default. */
function cacheThresholdOf(settings: Settings): number {
  const percent = settings.number("dhcp-cache-threshold");
  return percent === undefined || percent >= 100 ? 25 : percent;
}

function isAllowed(permission: string | undefined): boolean {
  return permission === undefined || permission === "allow";
}

function cut(value: Uint8Array | undefined, bytesMax: number): Uint8Array {
  if (value === undefined) return empty;
  // A client reads the field up to the first NUL, which an expression may have put inside.
  const end = value.indexOf(0);
  return value.subarray(0, end < 0 ? bytesMax : Math.min(end, bytesMax));
}

function uint32(value: Uint8Array | undefined): number | undefined {
  return value !== undefined && value.length === 4 ? readIpv4(value, 0) : undefined;
}

function uint16(value: Uint8Array | undefined): number | undefined {
  return value !== undefined && value.length === 2 ? (value[0] << 8) | value[1] : undefined;
}
