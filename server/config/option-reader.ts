import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { subOption } from "../../protocol/dhcp/relay-agent.ts";
import { decodeClientFqdn } from "./client-fqdn.ts";
import { computedData, unsignedAt } from "./data-expressions.ts";
import type { EvaluationContext } from "./evaluation-context.ts";
import type { DataExpression } from "./expression.ts";
import { withoutTrailingNuls } from "./latin1.ts";
import type { OptionRegistry, OptionSpace, RegisteredOption } from "./option-registry.ts";

const NESTING_MAX = 4;

/** `option NAME`: what the packet carries, null when it does not. */
export function packetOption(option: RegisteredOption, registry: OptionRegistry): DataExpression {
  const { code, space, type } = option;
  if (space === registry.dhcp && type.fields.includes("text")) {
    return computedData((context) => {
      const bytes = dhcpOption(context, code);
      return bytes === undefined ? undefined : withoutTrailingNuls(bytes);
    });
  }
  if (space === registry.dhcp) return computedData((context) => dhcpOption(context, code));
  if (space.name === "agent") {
    return computedData((context) => {
      const bytes = dhcpOption(context, OptionCode.relayAgentInformation);
      return bytes === undefined ? undefined : subOption(bytes, code);
    });
  }
  if (space.name === "fqdn") return computedData((context) => clientNamePart(context, code));
  return computedData((context, settings) => {
    const value = encapsulated(context, option, registry, NESTING_MAX);
    if (value !== undefined || settings?.parsedVendorSpace !== space) return value;
    const vendorOptions = dhcpOption(context, OptionCode.vendorEncapsulatedOptions);
    return vendorOptions === undefined ? undefined : find(vendorOptions, space, code);
  });
}

/** What dhcpd makes of option 81 (RFC 4702): `fqdn.NAME`. */
function clientNamePart(context: EvaluationContext, code: number): Uint8Array | undefined {
  const option = dhcpOption(context, OptionCode.clientFqdn);
  const name = option === undefined ? undefined : decodeClientFqdn(option);
  return name?.get(code);
}

/** A renewal comes without option 82; the one of the lease then stands in for it. */
function dhcpOption(context: EvaluationContext, code: number): Uint8Array | undefined {
  const value = context.packet?.options.get(code);
  if (value !== undefined || code !== OptionCode.relayAgentInformation) return value;
  return context.relayAgent;
}

/** Looks inside the options that encapsulate the space, whichever of them the packet has. */
function encapsulated(
  context: EvaluationContext,
  option: RegisteredOption,
  registry: OptionRegistry,
  depth: number,
): Uint8Array | undefined {
  if (option.space === registry.dhcp) return dhcpOption(context, option.code);
  if (depth === 0) return undefined;
  for (const carrier of option.space.carriers) {
    const bytes = encapsulated(context, carrier, registry, depth - 1);
    const value = bytes === undefined ? undefined : find(bytes, option.space, option.code);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Undefined when it is not there, or when the bytes in front of it make no sense. */
function find(bytes: Uint8Array, space: OptionSpace, code: number): Uint8Array | undefined {
  const { codeWidth, lengthWidth } = space;
  let offset = 0;
  while (offset + codeWidth + lengthWidth <= bytes.length) {
    const found = unsignedAt(bytes, offset, codeWidth);
    const start = offset + codeWidth + lengthWidth;
    const length =
      lengthWidth === 0 ? bytes.length - start : unsignedAt(bytes, offset + codeWidth, lengthWidth);
    if (start + length > bytes.length) return undefined;
    if (found === code) return bytes.subarray(start, start + length);
    offset = start + length;
  }
  return undefined;
}
