import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import type { OptionList, OutgoingOption } from "../../../protocol/dhcp/packet.ts";
import type { OptionOrder, Policy } from "../policy/policy.ts";

/** Orders kept for one policy: there are as many as kinds of device that share it. */
const ORDERS_MAX = 8;
/** A longer list is unusual and not worth remembering. */
const LIST_BYTES_MAX = 64;

/** Sent without configuration, or no option at all: a list cannot ask for these. */
const ownCodes: readonly number[] = [
  OptionCode.pad,
  OptionCode.requestedAddress,
  OptionCode.leaseTime,
  OptionCode.overload,
  OptionCode.messageType,
  OptionCode.serverIdentifier,
  OptionCode.message,
  OptionCode.renewalTime,
  OptionCode.rebindingTime,
  OptionCode.relayAgentInformation,
  OptionCode.subnetSelection,
  OptionCode.end,
];

/** Without a request list these come first (dhcpd's order), then the other configured options. */
const firstCodes: readonly number[] = [
  OptionCode.subnetMask,
  OptionCode.routers,
  OptionCode.domainNameServers,
  OptionCode.hostName,
  OptionCode.clientFqdn,
];

/** The configured options of one reply. */
export interface OptionSource {
  option(code: number): Uint8Array | undefined;
  /** Codes that have a value, ascending. */
  optionCodes(): readonly number[];
}

export interface Selection {
  readonly source: OptionSource;
  /** Option 55; undefined when the client sent none. An empty one counts as none. */
  readonly list: Uint8Array | undefined;
  /** The client sent option 81. */
  readonly withFqdn: boolean;
  /** DISCOVER and REQUEST always get the subnet mask. */
  readonly withSubnetMask: boolean;
}

/**
 * The configured options of a reply in dhcpd's order: with a request list those on the list, as the
 * client sorted them, and no others; without one, all of them.
 */
export function selectOptions(selection: Selection): OutgoingOption[] {
  const { source, list } = selection;
  const chosen = new Chosen(source);
  if (list !== undefined && list.length > 0) {
    for (const code of wantedCodes(list, selection)) chosen.add(code);
    return chosen.options;
  }
  for (const code of firstCodes) chosen.add(code);
  for (const code of source.optionCodes()) {
    if (code !== OptionCode.vendorEncapsulatedOptions) chosen.add(code);
  }
  chosen.add(OptionCode.vendorEncapsulatedOptions);
  return chosen.options;
}

/** Each code once. The mask must come before the routers (RFC 2132, section 3.3): they change places. */
function wantedCodes(list: Uint8Array, { withFqdn, withSubnetMask }: Selection): number[] {
  const wanted = new Set(list);
  if (withFqdn) wanted.add(OptionCode.clientFqdn);
  if (withSubnetMask) wanted.add(OptionCode.subnetMask);
  const codes = [...wanted];
  const mask = codes.indexOf(OptionCode.subnetMask);
  const routers = codes.indexOf(OptionCode.routers);
  if (routers >= 0 && mask > routers) {
    codes[routers] = OptionCode.subnetMask;
    codes[mask] = OptionCode.routers;
  }
  return codes;
}

/**
 * The options selected earlier for the same request list, in a policy whose options never change. A
 * policy with a list of its own needs only that order.
 */
export function findOrder(
  { orders, requestList }: Pick<Policy, "orders" | "requestList">,
  asked: Pick<OptionList, "has" | "equals">,
  withSubnetMask: boolean,
): OptionOrder | undefined {
  for (const order of orders) {
    if (order.withSubnetMask !== withSubnetMask) continue;
    if (requestList !== undefined || isAsked(order.list, asked)) return order;
  }
  return undefined;
}

function isAsked(list: Uint8Array | undefined, asked: Pick<OptionList, "has" | "equals">): boolean {
  if (list === undefined) return !asked.has(OptionCode.parameterRequestList);
  return asked.equals(OptionCode.parameterRequestList, list);
}

/** Selects the options and remembers their order; undefined when there is no room for it. */
export function addOrder(orders: OptionOrder[], selection: Selection): OptionOrder | undefined {
  const { list, withSubnetMask } = selection;
  if (orders.length >= ORDERS_MAX || (list?.length ?? 0) > LIST_BYTES_MAX) return undefined;
  // The list is a view of a buffer that the next packet overwrites.
  const order = { list: list?.slice(), withSubnetMask, options: selectOptions(selection) };
  orders.push(order);
  return order;
}

/** Options in the order in which they were added, each once. */
class Chosen {
  readonly options: OutgoingOption[] = [];
  readonly #source: OptionSource;
  readonly #seen = new Uint8Array(256);

  constructor(source: OptionSource) {
    this.#source = source;
    for (const code of ownCodes) this.#seen[code] = 1;
  }

  add(code: number): void {
    if (this.#seen[code] === 1) return;
    this.#seen[code] = 1;
    const value = this.#source.option(code);
    // An expression may have no value, and dhcpd sends no option without one.
    if (value !== undefined && value.length > 0) this.options.push({ code, value });
  }
}
