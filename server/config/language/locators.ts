import { CHADDR_BYTES, Offset } from "../../../protocol/dhcp/header.ts";
import { DATA_BYTES_MAX, unsignedAt, withRoom } from "../text/bytes.ts";
import { digitCount } from "../text/digit-count.ts";
import type { ByteSpan } from "./byte-span.ts";
import type { DataExpression, EvaluationContext, Locator } from "./program.ts";

/** Finds constants too; undefined when the value cannot be found without computing it. */
export function locatorOf({ constant, locate }: DataExpression): Locator | undefined {
  return constant === undefined ? locate : (_, span) => span.take(constant);
}

/** The value of `hardware`: type and address. */
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

/** Locates a `substring`. */
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

/** Locates a `suffix`. */
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

/** Puts a `concat` together in the memory of the previous one. */
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
      whole = withRoom(whole, length + end - start);
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

/** Locates a `pick-first-value`. */
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

/** Writes an `lcase` or `ucase`, which turns the letters from `first` to `last` into the others. */
export function locatedCase(
  locate: Locator | undefined,
  first: number,
  last: number,
): Locator | undefined {
  if (locate === undefined) return undefined;
  let turned = new Uint8Array(0);
  return (context, span) => {
    if (!locate(context, span)) return false;
    const { bytes, start, length } = span;
    turned = withRoom(turned, length);
    for (let index = 0; index < length; index += 1) {
      const byte = bytes[start + index];
      turned[index] = byte >= first && byte <= last ? byte ^ 0x20 : byte;
    }
    span.turnTo(turned, 0, length);
    return true;
  };
}

/** Writes a `binary-to-ascii`. */
export function locatedText(
  radix: number | undefined,
  bits: number | undefined,
  separator: Uint8Array | undefined,
  locate: Locator | undefined,
): Locator | undefined {
  if (radix === undefined || separator === undefined || locate === undefined) return undefined;
  if (radix < 2 || radix > 16 || (bits !== 8 && bits !== 16 && bits !== 32)) return undefined;
  const width = bits / 8;
  let text = new Uint8Array(0);
  return (context, span) => {
    if (!locate(context, span) || span.length % width !== 0) return false;
    const { bytes, start, end } = span;
    let length = 0;
    for (let at = start; at < end; at += width) {
      const number = unsignedAt(bytes, at, width);
      const from = at === start ? 0 : length + separator.length;
      const to = from + digitCount(number, radix);
      if (to > DATA_BYTES_MAX) return false;
      text = withRoom(text, to);
      if (at > start) text.set(separator, length);
      writeDigits(text, from, to, number, radix);
      length = to;
    }
    span.turnTo(text, 0, length);
    return true;
  };
}

const digits = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

function writeDigits(
  text: Uint8Array,
  from: number,
  to: number,
  number: number,
  radix: number,
): void {
  let left = number;
  for (let at = to - 1; at >= from; at -= 1) {
    text[at] = digits[left % radix];
    left = Math.floor(left / radix);
  }
}
