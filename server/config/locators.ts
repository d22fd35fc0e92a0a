import { CHADDR_BYTES, Offset } from "../../protocol/dhcp/header.ts";
import type { ByteSpan, Locator } from "./byte-span.ts";
import { DATA_BYTES_MAX } from "./bytes.ts";
import type { EvaluationContext } from "./evaluation-context.ts";
import type { DataExpression } from "./expression.ts";

/** Of a value in the file too; undefined when the value cannot be found without working it out. */
export function locatorOf({ constant, locate }: DataExpression): Locator | undefined {
  return constant === undefined ? locate : (_, span) => span.take(constant);
}

/** What `hardware` is: type and address. */
export function hardwareOf({ packet }: EvaluationContext): Uint8Array | undefined {
  if (packet === undefined) return undefined;
  const bytes = new Uint8Array(packet.chaddr.length + 1);
  bytes[0] = packet.htype;
  bytes.set(packet.chaddr, 1);
  return bytes;
}

/** Type and address do not stand side by side in a packet. */
const typedAddress = new Uint8Array(1 + CHADDR_BYTES);

export function locateHardware(context: EvaluationContext, span: ByteSpan): boolean {
  if (!locateAddress(context, span) || span.length > CHADDR_BYTES) {
    return span.take(hardwareOf(context));
  }
  const { bytes, start, end } = span;
  typedAddress[0] = context.packet?.htype ?? 0;
  for (let at = start; at < end; at += 1) typedAddress[1 + at - start] = bytes[at];
  span.turnTo(typedAddress, 0, 1 + end - start);
  return true;
}

/** The hardware address without its type. */
export function locateAddress({ packet }: EvaluationContext, span: ByteSpan): boolean {
  if (packet === undefined) return false;
  if (packet.bytes === undefined) return span.take(packet.chaddr);
  span.turnTo(packet.bytes, Offset.chaddr, Offset.chaddr + packet.hlen);
  return true;
}

/** Of `substring`. */
export function locatedPart(
  locate: Locator | undefined,
  from: number | undefined,
  count: number | undefined,
): Locator | undefined {
  if (locate === undefined || from === undefined || count === undefined) return undefined;
  return (context, span) => {
    if (!locate(context, span)) return false;
    const { length } = span;
    if (from < 0 || from >= length) span.end = span.start;
    else {
      if (count >= 0 && from + count < length) span.end = span.start + from + count;
      span.start += from;
    }
    return true;
  };
}

/** Of `suffix`. */
export function locatedSuffix(
  locate: Locator | undefined,
  count: number | undefined,
): Locator | undefined {
  if (locate === undefined || count === undefined) return undefined;
  return (context, span) => {
    if (!locate(context, span)) return false;
    if (count >= 0 && count < span.length) span.start = span.end - count;
    return true;
  };
}

/** Of `concat`: put together where the last one was. */
export function locatedWhole(parts: readonly DataExpression[]): Locator | undefined {
  const locators = allLocators(parts);
  if (locators === undefined) return undefined;
  let whole = new Uint8Array(0);
  return (context, span) => {
    let length = 0;
    for (let index = 0; index < locators.length; index += 1) {
      if (!locators[index](context, span)) return false;
      const { bytes, start, end } = span;
      if (length + end - start > DATA_BYTES_MAX) return false;
      if (length + end - start > whole.length) {
        const larger = new Uint8Array(2 * (length + end - start));
        larger.set(whole);
        whole = larger;
      }
      for (let at = start; at < end; at += 1, length += 1) whole[length] = bytes[at];
    }
    span.turnTo(whole, 0, length);
    return true;
  };
}

function allLocators(parts: readonly DataExpression[]): readonly Locator[] | undefined {
  const locators = parts.map(locatorOf).filter((locate) => locate !== undefined);
  return locators.length < parts.length ? undefined : locators;
}

/** Of `pick-first-value`. */
export function locatedFirst(parts: readonly DataExpression[]): Locator | undefined {
  const locators = allLocators(parts);
  if (locators === undefined) return undefined;
  return (context, span) => {
    for (let index = 0; index < locators.length; index += 1) {
      if (locators[index](context, span)) return true;
    }
    return false;
  };
}
