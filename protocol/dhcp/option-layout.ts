import { EncodeError } from "../encode-error.ts";
import { COOKIE_BYTES, FILE_BYTES, Offset, SNAME_BYTES } from "./header.ts";
import { OptionCode } from "./option-code.ts";
import type { EncodeLimits, OutgoingOption, OutgoingPacket } from "./outgoing-packet.ts";

export const INSTANCE_BYTES_MAX = 255;
export const OVERLOAD_OPTION_BYTES = 3;
const END_BYTES = 1;

/** A field that can hold options, and the options placed there. */
interface Area {
  free: number;
  readonly options: OutgoingOption[];
}

/** Where each option goes. */
export interface Layout {
  /** May contain options that are placed apart; the writer skips them. */
  readonly main: readonly OutgoingOption[];
  readonly mainBytes: number;
  readonly file: readonly OutgoingOption[];
  readonly sname: readonly OutgoingOption[];
  readonly relay: OutgoingOption | undefined;
}

const NONE: readonly OutgoingOption[] = [];

/** Option 82 has a place of its own and option 52 follows from the layout. */
export function isPlacedApart(code: number): boolean {
  return code === OptionCode.overload || code === OptionCode.relayAgentInformation;
}

/**
 * Decides where each option goes under the limits: see encodePacket. Throws EncodeError for a code
 * outside 1 to 254 and for a repeated code.
 */
export function layOut(packet: OutgoingPacket, limits: EncodeLimits): Layout {
  const { options } = packet;
  let relay: OutgoingOption | undefined;
  let mainBytes = 0;
  for (let i = 0; i < options.length; i += 1) {
    const option = options[i];
    checkCode(options, i);
    if (option.code === OptionCode.relayAgentInformation) relay = option;
    if (!isPlacedApart(option.code)) mainBytes += optionBytes(option.value.length);
  }
  const budget = limits.optionBytesMax - COOKIE_BYTES - END_BYTES;
  // Almost every message fits: it is written from the given list, without making another one.
  if (mainBytes <= budget) return { main: options, mainBytes, file: NONE, sname: NONE, relay };
  return spread(packet, budget, limits.overload, relay);
}

/** The slow path: more options than the options field may hold. */
function spread(
  packet: OutgoingPacket,
  budget: number,
  mayOverload: boolean,
  relay: OutgoingOption | undefined,
): Layout {
  const options = packet.options.filter((option) => !isPlacedApart(option.code));
  const canOverload = mayOverload && budget >= OVERLOAD_OPTION_BYTES;
  const useFile = canOverload && packet.file.length === 0;
  const useSname = canOverload && packet.sname.length === 0;
  if (useFile || useSname) {
    const main: Area = { free: budget - OVERLOAD_OPTION_BYTES, options: [] };
    const file: Area = { free: useFile ? FILE_BYTES - END_BYTES : 0, options: [] };
    const sname: Area = { free: useSname ? SNAME_BYTES - END_BYTES : 0, options: [] };
    for (const option of options) place(option, [main, file, sname]);
    if (file.options.length > 0 || sname.options.length > 0) {
      // The used part, including option 52, for which `free` was reduced.
      const mainBytes = budget - main.free;
      return { main: main.options, mainBytes, file: file.options, sname: sname.options, relay };
    }
  }
  const main: Area = { free: budget, options: [] };
  for (const option of options) place(option, [main]);
  return { main: main.options, mainBytes: budget - main.free, file: NONE, sname: NONE, relay };
}

/**
 * Puts an option whole into the first area with room, otherwise in pieces over all areas, otherwise
 * nowhere.
 */
function place(option: OutgoingOption, areas: readonly Area[]): void {
  const { code, value } = option;
  const whole = areas.find((area) => optionBytes(value.length) <= area.free);
  if (whole !== undefined) {
    whole.options.push(option);
    whole.free -= optionBytes(value.length);
    return;
  }
  const capacity = areas.reduce((sum, area) => sum + valueCapacity(area.free), 0);
  if (capacity < value.length) return;
  // The areas come in aggregate order, so the receiver joins the pieces in theirs (RFC 3396, section 5).
  let from = 0;
  for (const area of areas) {
    const length = Math.min(valueCapacity(area.free), value.length - from);
    if (length === 0) continue;
    area.options.push({ code, value: value.subarray(from, from + length) });
    area.free -= optionBytes(length);
    from += length;
  }
}

/** Bytes of an option including code and length bytes, over all instances that it needs. */
export function optionBytes(valueLength: number): number {
  const instances = valueLength === 0 ? 1 : Math.ceil(valueLength / INSTANCE_BYTES_MAX);
  return valueLength + 2 * instances;
}

/** The longest value that an area with this much room can hold. */
function valueCapacity(free: number): number {
  if (free < 0) return 0;
  const whole = Math.floor(free / (INSTANCE_BYTES_MAX + 2));
  const rest = free - whole * (INSTANCE_BYTES_MAX + 2);
  return whole * INSTANCE_BYTES_MAX + Math.max(0, rest - 2);
}

/** Length of the whole message, padding included. */
export function layoutBytes(layout: Layout, limits: EncodeLimits): number {
  const relayBytes = layout.relay === undefined ? 0 : optionBytes(layout.relay.value.length);
  const bytes = Offset.options + layout.mainBytes + relayBytes + END_BYTES;
  return Math.max(bytes, limits.packetBytesMin);
}

function checkCode(options: readonly OutgoingOption[], index: number): void {
  const code = options[index].code;
  if (!Number.isInteger(code) || code <= OptionCode.pad || code >= OptionCode.end) {
    throw new EncodeError(`option code ${code} is not between 1 and 254`);
  }
  for (let i = 0; i < index; i += 1) {
    if (options[i].code === code) throw new EncodeError(`option ${code} is given twice`);
  }
}
