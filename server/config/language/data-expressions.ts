import { bytesOf, concatenate } from "../../../protocol/bytes.ts";
import { ipv4Bytes } from "../../../protocol/ipv4.ts";
import { latin1Bytes, latin1Text } from "../../../protocol/latin1.ts";
import { DATA_BYTES_MAX, unsignedAt } from "../text/bytes.ts";
import { digitCount } from "../text/digit-count.ts";
import {
  hardwareOf,
  locateAddress,
  locatedCase,
  locatedFirst,
  locatedPart,
  locatedSuffix,
  locatedText,
  locatedWhole,
  locateHardware,
  locatorOf,
} from "./locators.ts";
import type { DataExpression, Evaluator, Locator, NumericExpression } from "./program.ts";

/** A value that is in the file itself. */
export function constantData(bytes: Uint8Array): DataExpression {
  return { type: "data", constant: bytes, evaluate: () => bytes };
}

export function computedData(evaluate: Evaluator<Uint8Array>, locate?: Locator): DataExpression {
  return { type: "data", constant: undefined, evaluate, locate };
}

/** A function of parts that are all constant is worked out once, when the file is read. */
function folded(
  parts: readonly (DataExpression | NumericExpression)[],
  evaluate: Evaluator<Uint8Array>,
  locate?: Locator,
): DataExpression {
  if (parts.some((part) => part.constant === undefined)) return computedData(evaluate, locate);
  // The context is only looked at by parts that are not constant.
  const value = (evaluate as () => Uint8Array | undefined)();
  return value === undefined ? computedData(() => undefined) : constantData(value);
}

export const nullData: DataExpression = computedData(() => undefined);

/** htype, then the client's hardware address: the MAC is `substring (hardware, 1, 6)`. */
export const hardware: DataExpression = computedData(hardwareOf, locateHardware);

export const leasedAddress: DataExpression = computedData(({ leaseAddress }) => {
  return leaseAddress === undefined ? undefined : ipv4Bytes([leaseAddress]);
});

export const hostDeclName: DataExpression = computedData(({ hostName }) => {
  return hostName === undefined ? undefined : latin1Bytes(hostName);
});

/** The fields of the request, null when empty. */
export const packetFileName: DataExpression = computedData(({ packet }) => nonEmpty(packet?.file));
export const packetServerName: DataExpression = computedData(({ packet }) =>
  nonEmpty(packet?.sname),
);

function nonEmpty(field: Uint8Array | undefined): Uint8Array | undefined {
  return field === undefined || field.length === 0 ? undefined : field;
}

/** Name of the server's machine. */
export const serverHostName: DataExpression = computedData(({ serverHostName: name }) =>
  name === undefined ? undefined : latin1Bytes(name),
);

/** The addresses of a host, one after another; null while none is known. */
export function hostAddresses(name: string): DataExpression {
  return computedData(({ resolve }) => {
    const addresses = resolve?.(name) ?? [];
    return addresses.length === 0 ? undefined : ipv4Bytes(addresses);
  });
}

/** Bytes of the message, header first; null when it is too short. */
export function packetData(offset: NumericExpression, length: NumericExpression): DataExpression {
  return computedData((context, settings) => {
    const from = offset.evaluate(context, settings);
    const count = length.evaluate(context, settings);
    const bytes = context.raw ?? context.packet?.bytes;
    if (from === undefined || count === undefined || bytes === undefined) return undefined;
    return from < 0 || count < 0 || from + count > bytes.length
      ? undefined
      : bytes.subarray(from, from + count);
  });
}

/** Past the end there is nothing: the value is empty, but not null. */
export function substring(
  data: DataExpression,
  offset: NumericExpression,
  length: NumericExpression,
): DataExpression {
  if (data === hardware && offset.constant !== undefined && offset.constant >= 1) {
    return hardwareAddress(offset.constant - 1, length);
  }
  return folded(
    [data, offset, length],
    (context, settings) => {
      const bytes = data.evaluate(context, settings);
      const from = offset.evaluate(context, settings);
      const count = length.evaluate(context, settings);
      if (bytes === undefined || from === undefined || count === undefined) return undefined;
      return cut(bytes, from, count);
    },
    locatedPart(locatorOf(data), offset.constant, length.constant),
  );
}

/** `substring (hardware, 1, n)`, the commonest expression of all, without copying. */
function hardwareAddress(from: number, length: NumericExpression): DataExpression {
  return computedData(
    (context, settings) => {
      const count = length.evaluate(context, settings);
      const { packet } = context;
      return count === undefined || packet === undefined
        ? undefined
        : cut(packet.chaddr, from, count);
    },
    locatedPart(locateAddress, from, length.constant),
  );
}

function cut(bytes: Uint8Array, from: number, count: number): Uint8Array {
  if (from < 0 || from >= bytes.length) return bytes.subarray(0, 0);
  // dhcpd counts unsigned: a negative length is a very large one.
  return bytes.subarray(from, count < 0 ? bytes.length : Math.min(bytes.length, from + count));
}

/** The last bytes; all of them when there are fewer. */
export function suffix(data: DataExpression, length: NumericExpression): DataExpression {
  return folded(
    [data, length],
    (context, settings) => {
      const bytes = data.evaluate(context, settings);
      const count = length.evaluate(context, settings);
      if (bytes === undefined || count === undefined) return undefined;
      return count < 0 || count >= bytes.length ? bytes : bytes.subarray(bytes.length - count);
    },
    locatedSuffix(locatorOf(data), length.constant),
  );
}

/** Null when any part is null, and when the whole would be longer than any option can be. */
export function concat(parts: readonly DataExpression[]): DataExpression {
  return folded(
    parts,
    (context, settings) => {
      const values: Uint8Array[] = [];
      let length = 0;
      for (const part of parts) {
        const value = part.evaluate(context, settings);
        if (value === undefined) return undefined;
        values.push(value);
        length += value.length;
        if (length > DATA_BYTES_MAX) return undefined;
      }
      return concatenate(...values);
    },
    locatedWhole(parts),
  );
}

/** The order of groups of `width` bytes turned round; null unless they fit exactly. */
export function reverse(width: NumericExpression, data: DataExpression): DataExpression {
  return folded([width, data], (context, settings) => {
    const size = width.evaluate(context, settings);
    const bytes = data.evaluate(context, settings);
    if (size === undefined || bytes === undefined) return undefined;
    if (size < 1 || bytes.length % size !== 0) return undefined;
    const reversed = new Uint8Array(bytes.length);
    for (let at = 0; at < bytes.length; at += size) {
      reversed.set(bytes.subarray(bytes.length - at - size, bytes.length - at), at);
    }
    return reversed;
  });
}

/** ASCII letters to lower or upper case. */
export function changeCase(data: DataExpression, target: "lower" | "upper"): DataExpression {
  const [first, last] = target === "lower" ? [0x41, 0x5a] : [0x61, 0x7a];
  return folded(
    [data],
    (context, settings) =>
      data
        .evaluate(context, settings)
        ?.map((byte) => (byte >= first && byte <= last ? byte ^ 0x20 : byte)),
    locatedCase(locatorOf(data), first, last),
  );
}

/** The first part that is not null. */
export function pickFirstValue(parts: readonly DataExpression[]): DataExpression {
  return folded(
    parts,
    (context, settings) => {
      for (const part of parts) {
        const value = part.evaluate(context, settings);
        if (value !== undefined) return value;
      }
      return undefined;
    },
    locatedFirst(parts),
  );
}

/**
 * Numbers of 8, 16 or 32 bits written in base 2 to 16, in lower case, with dhcpd's leading zeros.
 * Null when the length of the data is not a multiple of the number's.
 */
export function binaryToAscii(
  base: NumericExpression,
  width: NumericExpression,
  separator: DataExpression,
  data: DataExpression,
): DataExpression {
  return folded(
    [base, width, separator, data],
    (context, settings) => {
      const radix = base.evaluate(context, settings);
      const bits = width.evaluate(context, settings);
      const between = separator.evaluate(context, settings);
      const bytes = data.evaluate(context, settings);
      if (radix === undefined || bits === undefined || between === undefined) return undefined;
      if (bytes === undefined || radix < 2 || radix > 16) return undefined;
      if (bits !== 8 && bits !== 16 && bits !== 32) return undefined;
      if (bytes.length % (bits / 8) !== 0) return undefined;
      const glue = latin1Text(between);
      let text = "";
      for (let at = 0; at < bytes.length; at += bits / 8) {
        if (at > 0) text += glue;
        const number = unsignedAt(bytes, at, bits / 8);
        text += number.toString(radix).padStart(digitCount(number, radix), "0");
        if (text.length > DATA_BYTES_MAX) return undefined;
      }
      return latin1Bytes(text);
    },
    locatedText(base.constant, width.constant, separator.constant, locatorOf(data)),
  );
}

/** Big-endian, cut to its low 8, 16 or 32 bits. */
export function encodeInteger(number: NumericExpression, bits: number): DataExpression {
  return folded([number], (context, settings) => {
    const value = number.evaluate(context, settings);
    return value === undefined ? undefined : bytesOf(value >>> 0, bits / 8);
  });
}
