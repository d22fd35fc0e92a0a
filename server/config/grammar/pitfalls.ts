import { formatIpv4, readIpv4 } from "../../../protocol/ipv4.ts";
import type { RegisteredOption } from "../language/option-registry.ts";
import { type ParameterName, parameterSlots } from "../language/parameters.ts";
import type { TokenReader } from "../text/token-reader.ts";
import type { StatementTarget } from "./statement-target.ts";

/**
 * Finds a value that dhcpd accepts silently but that is most often a slip: the errata of the guide's
 * own examples (ERR-n), and similar ones. All are warnings. Undefined when nothing is wrong.
 */
type Pitfall = (value: Uint8Array, target: StatementTarget) => Finding | undefined;

interface Finding {
  readonly message: string;
  readonly hint: string;
}

/** By name of the DHCP option. */
const optionPitfalls: Readonly<Record<string, Pitfall>> = {
  // ERR-9
  "subnet-mask": (value, { subnet }) => {
    if (subnet === undefined || value.length !== 4) return undefined;
    const mask = readIpv4(value, 0);
    if (mask === subnet.mask) return undefined;
    return {
      message: `subnet-mask ${formatIpv4(mask)} contradicts the subnet's netmask ${formatIpv4(subnet.mask)}.`,
      hint: "leave it out: clients get the netmask of their subnet.",
    };
  },
  routers: outsideSubnet,
  "broadcast-address": (value, { subnet }) => {
    if (subnet === undefined || value.length !== 4) return undefined;
    const broadcast = (subnet.network | ~subnet.mask) >>> 0;
    const given = readIpv4(value, 0);
    if (given === broadcast || given === 0xffff_ffff) return undefined;
    return {
      message: `broadcast-address ${formatIpv4(given)} is not that of the subnet.`,
      hint: `it is ${formatIpv4(broadcast)}.`,
    };
  },
  // ERR-28; RFC 2132, section 8.7
  "netbios-node-type": ([type]) =>
    [1, 2, 4, 8].includes(type)
      ? undefined
      : { message: `there is no NetBIOS node type ${type}.`, hint: "1 B, 2 P, 4 M, 8 H." },
};

function outsideSubnet(value: Uint8Array, { subnet }: StatementTarget): Finding | undefined {
  if (subnet === undefined) return undefined;
  for (let offset = 0; offset + 4 <= value.length; offset += 4) {
    const router = readIpv4(value, offset);
    if ((router & subnet.mask) >>> 0 === subnet.network) continue;
    return {
      message: `router ${formatIpv4(router)} is not in the subnet: its clients cannot reach it.`,
      hint: "give an address of the subnet, or check the netmask.",
    };
  }
  return undefined;
}

/** Warns of an odd constant value that an option has just been given. */
export function checkOptionValue(
  reader: TokenReader,
  option: RegisteredOption,
  value: Uint8Array,
  target: StatementTarget,
  at: number,
): void {
  const { name, space, type } = option;
  const isDhcp = space.name === "dhcp";
  const pitfall = isDhcp && Object.hasOwn(optionPitfalls, name) ? optionPitfalls[name] : undefined;
  const finding = pitfall?.(value, target);
  if (finding !== undefined) reader.warn(finding.message, finding.hint, at);
  if (type.fields.length === 1 && (type.fields[0] === "text" || type.fields[0] === "bytes")) {
    checkText(reader, name, value, at);
  }
}

const BLANK = 0x20;

/** A text with blanks at its ends (ERR-22), or with a yen sign for a backslash (ERR-27). */
export function checkText(reader: TokenReader, name: string, value: Uint8Array, at: number): void {
  if (value.length > 1 && (value[0] === BLANK || value[value.length - 1] === BLANK)) {
    const message = `${name} begins or ends with a blank, which is part of it.`;
    reader.warn(message, "take it away if it is not meant.", at);
  }
  for (let index = 0; index + 1 < value.length; index += 1) {
    if (value[index] !== 0xc2 || value[index + 1] !== 0xa5) continue;
    reader.warn(`${name} has a yen sign in it.`, "a backslash is meant?", at);
    return;
  }
}

// 192 with one digit changed, left out or swapped.
const slipsOf192: ReadonlySet<number> = new Set([12, 19, 92, 102, 129, 182, 191, 193]);

/** 102.168.0.11 (ERR-2): nearly a private address (RFC 1918). */
export function checkAddress(reader: TokenReader, address: number, at: number): void {
  if (((address >>> 16) & 0xff) !== 168 || !slipsOf192.has(address >>> 24)) return;
  const meant = formatIpv4(((192 << 24) | (address & 0xff_ffff)) >>> 0);
  reader.warn(`${formatIpv4(address)} is no private address.`, `did you mean ${meant}?`, at);
}

const leaseTimes: readonly ParameterName[] = [
  "min-lease-time",
  "default-lease-time",
  "max-lease-time",
];

/** Warns when the lease times of one block contradict each other. */
export function checkLeaseTimes(
  reader: TokenReader,
  name: ParameterName,
  target: StatementTarget,
  at: number,
): void {
  if (!leaseTimes.includes(name)) return;
  const seconds = leaseTimes.map((other) => constantOf(parameterSlots[other], target));
  for (const [low, high] of [
    [0, 1],
    [1, 2],
    [0, 2],
  ]) {
    const [less, more] = [seconds[low], seconds[high]];
    if (less === undefined || more === undefined || less <= more) continue;
    if (name !== leaseTimes[low] && name !== leaseTimes[high]) continue;
    const message = `${leaseTimes[low]} ${less} is more than ${leaseTimes[high]} ${more}.`;
    reader.warn(message, "the lesser of the two counts.", at);
    return;
  }
}

/** The number that a block gives a setting last. */
function constantOf(slot: number, { statements }: StatementTarget): number | undefined {
  for (let index = statements.length - 1; index >= 0; index -= 1) {
    const statement = statements[index];
    if (statement.kind !== "constant" || statement.slot !== slot) continue;
    return statement.value.length === 4 ? readIpv4(statement.value, 0) : undefined;
  }
  return undefined;
}
