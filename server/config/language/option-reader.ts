import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { findSubOption } from "../../../protocol/dhcp/sub-options.ts";
import { withoutTrailingNuls } from "../../../protocol/latin1.ts";
import { unsignedAt } from "../text/bytes.ts";
import type { ByteSpan } from "./byte-span.ts";
import { decodeClientFqdn } from "./client-fqdn.ts";
import { computedData } from "./data-expressions.ts";
import type { OptionRegistry, OptionSpace, RegisteredOption } from "./option-registry.ts";
import type { DataExpression, EvaluationContext } from "./program.ts";

const NESTING_MAX = 4;

/** `option NAME`: what the packet carries, null when it does not. */
export function packetOption(option: RegisteredOption, registry: OptionRegistry): DataExpression {
  const { code, space, type } = option;
  if (space === registry.dhcp && type.fields.includes("text")) {
    return computedData(
      (context) => {
        const bytes = dhcpOption(context, code);
        return bytes === undefined ? undefined : withoutTrailingNuls(bytes);
      },
      (context, span) => {
        if (!locateOption(context, code, span)) return false;
        while (span.end > span.start && span.bytes[span.end - 1] === 0) span.end -= 1;
        return true;
      },
    );
  }
  if (space === registry.dhcp) {
    return computedData(
      (context) => dhcpOption(context, code),
      (context, span) => locateOption(context, code, span),
    );
  }
  if (space.name === "agent") {
    return computedData(
      (context) => {
        const bytes = dhcpOption(context, OptionCode.relayAgentInformation);
        return bytes === undefined ? undefined : findSubOption(bytes, code);
      },
      (context, span) =>
        locateOption(context, OptionCode.relayAgentInformation, span) &&
        locateSubOption(code, span),
    );
  }
  if (space.name === "fqdn") return computedData((context) => clientNamePart(context, code));
  return computedData((context, settings) => {
    const value = encapsulated(context, option, registry, NESTING_MAX);
    if (value !== undefined || settings?.parsedVendorSpace !== space) return value;
    const vendorOptions = dhcpOption(context, OptionCode.vendorEncapsulatedOptions);
    return vendorOptions === undefined ? undefined : find(vendorOptions, space, code);
  });
}

/** Option 81 (RFC 4702) as dhcpd presents it: `fqdn.NAME`. */
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

function locateOption(context: EvaluationContext, code: number, span: ByteSpan): boolean {
  const { packet } = context;
  const start = packet?.options.offsetOf(code) ?? -1;
  // Not there, in several pieces, or a packet that was not decoded.
  if (packet?.bytes === undefined || start < 0) return span.take(dhcpOption(context, code));
  span.turnTo(packet.bytes, start, start + packet.options.lengthOf(code));
  return true;
}

/** Goes on from option 82 to one of its sub-options. */
function locateSubOption(code: number, span: ByteSpan): boolean {
  const { bytes, end } = span;
  for (let at = span.start; at + 1 < end; at += 2 + bytes[at + 1]) {
    const next = at + 2 + bytes[at + 1];
    if (next > end) return false;
    if (bytes[at] !== code) continue;
    span.turnTo(bytes, at + 2, next);
    return true;
  }
  return false;
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
