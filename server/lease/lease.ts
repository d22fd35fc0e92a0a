/**
 * ISC's lease states, in the order of ISC's own numbers (1 to 7). A server without a failover peer writes
 * only free, active and abandoned; the others occur in files written by a pair.
 */
export const bindingStates = [
  "free",
  "active",
  "expired",
  "released",
  "abandoned",
  "reset",
  "backup",
] as const;

export type BindingState = (typeof bindingStates)[number];

export interface HardwareAddress {
  /** ARP hardware type (RFC 1700): 1 = Ethernet. */
  readonly type: number;
  readonly address: Uint8Array;
}

/**
 * The client that holds a lease. The client identifier (option 61) takes precedence over the hardware
 * address.
 */
export interface LeaseClient {
  readonly hardware?: HardwareAddress;
  /** Value of option 61, all bytes. Absent and empty mean the same. */
  readonly clientId?: Uint8Array;
}

/** Value of a `set NAME = VALUE;`: a string as its bytes, or a whole number, or a boolean. */
export type LeaseValue = Uint8Array | number | boolean;

/**
 * All variables of one lease by name, including `vendor-class-identifier`, in the order of the file.
 * dhcpd ignores case when it compares names, so no two may differ only in case.
 */
export type LeaseBindings = ReadonlyMap<string, LeaseValue>;

/** The variable that the server sets to option 60 of each client. */
export const VENDOR_CLASS_VARIABLE = "vendor-class-identifier";

/**
 * Whether dhcpd's grammar accepts this as the name of a variable; it does not accept its own keywords.
 */
export function isVariableName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_-]{0,254}$/.test(name);
}

/** The class that a lease is billed to; `hash` (the `match` value) names the subclass. */
export interface LeaseBilling {
  readonly className: string;
  readonly hash?: Uint8Array;
}

/** What the server remembers about a bound client besides its identity. */
export interface LeaseExtras {
  /** Bytes of option 12; written to the file only when printable. */
  readonly hostname?: Uint8Array;
  /** Bytes of option 60: the variable `vendor-class-identifier` of the file. */
  readonly vendorClass?: Uint8Array;
  /** Value of option 82 as received: sub-options as code, length, bytes (RFC 3046). */
  readonly agentOptions?: Uint8Array;
  /** Other lease variables, in file order. */
  readonly variables?: readonly (readonly [name: string, value: LeaseValue])[];
  readonly billing?: LeaseBilling;
  readonly reserved?: boolean;
  readonly bootp?: boolean;
  /** Failover pairs only: the end that the partner was told, and the end that it confirmed. */
  readonly tsfp?: number | null;
  readonly atsfp?: number | null;
  /** `on expiry { … }` and `on release { … }`, as their text. */
  readonly kept?: readonly string[];
}

/**
 * One lease as the file states it; it replaces everything known about its address (LEASE-3). Times are
 * seconds since the Unix epoch, UTC (LEASE-4): 0 = not stated, null = never. Times from 2106 on (2^32 - 1
 * seconds) count as never.
 */
export interface LeaseRecord extends LeaseClient, LeaseExtras {
  /** Unsigned 32-bit IPv4 address. */
  readonly address: number;
  readonly bindingState: BindingState;
  readonly startsAt: number | null;
  readonly endsAt: number | null;
  /** When the state ends or ended; set at expiry, release and abandonment. */
  readonly tstp?: number | null;
  /** When the server last acted for this client ("client last transaction time"). */
  readonly cltt?: number | null;
  readonly nextBindingState?: BindingState;
  readonly rewindBindingState?: BindingState;
}

/** Copies a record together with its byte arrays, which may be views of a reused buffer. */
export function copyRecord(record: LeaseRecord): LeaseRecord {
  const { hardware, clientId, hostname, vendorClass, agentOptions, variables, billing } = record;
  return {
    ...record,
    ...(hardware && { hardware: { type: hardware.type, address: hardware.address.slice() } }),
    ...(clientId && { clientId: clientId.slice() }),
    ...(hostname && { hostname: hostname.slice() }),
    ...(vendorClass && { vendorClass: vendorClass.slice() }),
    ...(agentOptions && { agentOptions: agentOptions.slice() }),
    ...(variables && { variables: variables.map(copyVariable) }),
    ...(billing && { billing: copyBilling(billing) }),
  };
}

export function copyVariable(
  variable: readonly [name: string, value: LeaseValue],
): readonly [name: string, value: LeaseValue] {
  const [name, value] = variable;
  return [name, value instanceof Uint8Array ? value.slice() : value];
}

export function copyBilling(billing: LeaseBilling): LeaseBilling {
  const { className, hash } = billing;
  return hash === undefined ? { className } : { className, hash: hash.slice() };
}
