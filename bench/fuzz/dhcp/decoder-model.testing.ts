import { DecodeError, type DecodeErrorCode } from "../../../protocol/decode-error.ts";
import { decodeSubOptions } from "../../../protocol/dhcp/sub-options.ts";

/** What the decoder has to make of some bytes: the options, or the error and its place. */
export type DecodedModel =
  | {
      readonly kind: "packet";
      /** In the order of first appearance, each value joined over its instances. */
      readonly options: ReadonlyMap<number, readonly number[]>;
      readonly hasSname: boolean;
      readonly hasFile: boolean;
    }
  | { readonly kind: "error"; readonly code: DecodeErrorCode; readonly offset: number };

interface Instance {
  readonly code: number;
  readonly offset: number;
  readonly value: readonly number[];
}

const fixedLengths = new Map<number, number>([
  [1, 4],
  [50, 4],
  [51, 4],
  [52, 1],
  [53, 1],
  [54, 4],
  [57, 2],
  [58, 4],
  [59, 4],
  [91, 4],
  [118, 4],
]);

/** The decoder's rules (RFC 2131, 2132 and 3396) once more, one step after the other, with no tables. */
export function modelOf(bytes: Uint8Array): DecodedModel {
  try {
    return decodeModel(bytes);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { kind: "error", code: error.code, offset: error.offset };
  }
}

function decodeModel(bytes: Uint8Array): DecodedModel {
  if (bytes.length <= 240) throw new DecodeError("truncated", bytes.length);
  if (bytes.length > 65_535) throw new DecodeError("too-long", 65_535);
  if (bytes[0] !== 1 && bytes[0] !== 2) throw new DecodeError("bad-operation", 0);
  if (bytes[2] > 16) throw new DecodeError("bad-hardware-length", 2);
  const isCookie = [0x63, 0x82, 0x53, 0x63].every((byte, i) => bytes[236 + i] === byte);
  if (!isCookie) throw new DecodeError("bad-cookie", 236);
  const instances: Instance[] = [];
  if (!addField(bytes, 240, bytes.length, instances)) {
    const tail = instances.slice(-2).map(({ code }) => code);
    const isOverloadLast = tail.at(-1) === 52 || (tail[0] === 52 && tail[1] === 82);
    if (!isOverloadLast) throw new DecodeError("missing-end", bytes.length);
  }
  const overload = addOverloaded(bytes, instances);
  const options = joined(instances);
  for (const { code, offset, value } of instances) {
    const fixed = fixedLengths.get(code);
    if (fixed === undefined) continue;
    const isWrong = value.length === 0 || options.get(code)!.length !== fixed;
    if (isWrong) throw new DecodeError("bad-option-length", offset);
  }
  checkFirst(instances, 53, "bad-option-value", options.get(53)?.[0] !== 0);
  const relay = options.get(82);
  const isRelayGood = relay === undefined || (relay.length > 0 && isWhole(relay));
  checkFirst(instances, 82, "bad-relay-agent-information", isRelayGood);
  return { kind: "packet", options, hasSname: overload < 2, hasFile: overload % 2 === 0 };
}

/** Whether the field has an End. */
function addField(bytes: Uint8Array, start: number, end: number, instances: Instance[]): boolean {
  for (let at = start; at < end; ) {
    const code = bytes[at];
    if (code === 255) return true;
    if (code === 0) {
      at += 1;
      continue;
    }
    const value = Array.from(bytes.subarray(at + 2, Math.min(end, at + 2 + bytes[at + 1])));
    if (at + 1 >= end || value.length < bytes[at + 1]) {
      throw new DecodeError("truncated-option", at);
    }
    if (instances.length === 255) throw new DecodeError("too-many-options", at);
    instances.push({ code, offset: at, value });
    at += 2 + value.length;
  }
  return false;
}

/** The value of option 52; 0 without one. */
function addOverloaded(bytes: Uint8Array, instances: Instance[]): number {
  const option = instances.find(({ code }) => code === 52);
  if (option === undefined) return 0;
  const [overload = 0] = option.value;
  if (option.value.length !== 1 || overload < 1 || overload > 3) {
    throw new DecodeError("bad-overload", option.offset);
  }
  const own = instances.length;
  if (overload !== 2 && !addField(bytes, 108, 236, instances)) {
    throw new DecodeError("missing-end", 236);
  }
  if (overload !== 1 && !addField(bytes, 44, 108, instances)) {
    throw new DecodeError("missing-end", 108);
  }
  checkFirst(instances.slice(own), 52, "bad-overload", false);
  return overload;
}

function checkFirst(
  instances: readonly Instance[],
  code: number,
  error: DecodeErrorCode,
  isGood: boolean,
): void {
  const first = instances.find((instance) => instance.code === code);
  if (first !== undefined && !isGood) throw new DecodeError(error, first.offset);
}

function joined(instances: readonly Instance[]): Map<number, readonly number[]> {
  const options = new Map<number, readonly number[]>();
  for (const { code, value } of instances) {
    options.set(code, [...(options.get(code) ?? []), ...value]);
  }
  return options;
}

function isWhole(subOptions: readonly number[]): boolean {
  try {
    decodeSubOptions(Uint8Array.from(subOptions));
    return true;
  } catch {
    return false;
  }
}
