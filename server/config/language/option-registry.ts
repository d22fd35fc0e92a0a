import {
  type OptionDefinition,
  type OptionType,
  optionDefinitions,
} from "../../../protocol/dhcp/option-table.ts";
import { parameterNames, parameterSlots } from "./parameters.ts";

export type TagWidth = 0 | 1 | 2 | 4;

/** A set of options numbered by itself: the DHCP options, or the sub-options inside one of them. */
export interface OptionSpace {
  readonly name: string;
  /** Bytes of a code and of a length when the space is encapsulated. */
  readonly codeWidth: TagWidth;
  readonly lengthWidth: TagWidth;
  readonly byName: Map<string, RegisteredOption>;
  readonly byCode: Map<number, RegisteredOption>;
  /** The options that encapsulate this space, in order of definition. */
  readonly carriers: RegisteredOption[];
}

export interface RegisteredOption {
  readonly space: OptionSpace;
  readonly code: number;
  readonly name: string;
  readonly type: OptionType;
  /** Where its value is in `Settings`; -1 until a statement sets it. */
  slot: number;
}

/** More than anybody needs; a bound all the same. */
export const OPTION_SPACES_MAX = 255;
/** Slots bound the size of every `Settings`. */
export const OPTIONS_SET_MAX = 4096;

const DHCP_CODES = 256;
const SERVER_IDENTIFIER = 54;
/** RFC 2132, section 2, has 128 for site-specific options; RFC 3942 moved that to 224. */
const SITE_CODE_MIN = 224;
const VENDOR_CLASSES = 124;
const VENDOR_INFORMATION = 125;
const ENCAPSULATION_DEPTH_MAX = 4;

/** Every option that a configuration may name: ISC's built-in ones and those it defines itself. */
export class OptionRegistry {
  readonly #spaces: OptionSpace[] = [];
  readonly #byName = new Map<string, OptionSpace>();
  readonly dhcp: OptionSpace;
  readonly #slotOfCode = new Int16Array(DHCP_CODES).fill(-1);
  readonly #spaceInCode = new Array<OptionSpace | undefined>(DHCP_CODES).fill(undefined);
  #slotCount = parameterNames.length;
  #codesInUse: readonly number[] | undefined;

  constructor(definitions: readonly OptionDefinition[] = optionDefinitions) {
    this.dhcp = this.addSpace("dhcp", 1, 1);
    // RFC 3925: an enterprise number, then the length of what is for that enterprise.
    const enterprises = this.addSpace("vendor", 4, 1);
    const classes = this.addSpace("vendor-class", 4, 1);
    for (const { space, code, name, type } of definitions) {
      this.define(this.#byName.get(space) ?? this.addSpace(space, 1, 1), code, name, type);
    }
    this.#carry(VENDOR_INFORMATION, enterprises);
    this.#carry(VENDOR_CLASSES, classes);
    // `server-identifier` is another name for the option.
    const identifier = this.dhcp.byCode.get(SERVER_IDENTIFIER);
    if (identifier !== undefined) this.#place(identifier, parameterSlots["server-identifier"]);
  }

  /** Number of values that a `Settings` holds. */
  get slotCount(): number {
    return this.#slotCount;
  }

  spaceNames(): Iterable<string> {
    return this.#byName.keys();
  }

  space(name: string): OptionSpace | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  /** Takes the place of one of the same name; more than OPTION_SPACES_MAX are a RangeError. */
  addSpace(name: string, codeWidth: TagWidth, lengthWidth: TagWidth): OptionSpace {
    if (this.#spaces.length >= OPTION_SPACES_MAX) {
      throw new RangeError(`more than ${OPTION_SPACES_MAX} option spaces`);
    }
    const space: OptionSpace = {
      name,
      codeWidth,
      lengthWidth,
      byName: new Map(),
      byCode: new Map(),
      carriers: [],
    };
    this.#spaces.push(space);
    this.#byName.set(name.toLowerCase(), space);
    return space;
  }

  /**
   * Defines an option, in place of any other with this name. One with this code keeps its name, as in
   * dhcpd: both names then set the same option.
   */
  define(space: OptionSpace, code: number, name: string, type: OptionType): RegisteredOption {
    const sameCode = space.byCode.get(code);
    if (sameCode !== undefined) this.#release(sameCode);
    const sameName = space.byName.get(name.toLowerCase());
    if (sameName !== undefined && sameName !== sameCode) this.#forget(sameName);
    const option: RegisteredOption = { space, code, name, type, slot: sameCode?.slot ?? -1 };
    space.byName.set(name.toLowerCase(), option);
    space.byCode.set(code, option);
    if (type.encapsulates !== undefined) {
      const inner = this.space(type.encapsulates) ?? this.addSpace(type.encapsulates, 1, 1);
      inner.carriers.push(option);
      if (space === this.dhcp) this.#spaceInCode[code] = inner;
    }
    return option;
  }

  /** The slot of an option, given out at first use. */
  slotFor(option: RegisteredOption): number {
    const current = option.space.byCode.get(option.code) ?? option;
    if (current.slot < 0) {
      if (this.#slotCount >= OPTIONS_SET_MAX) {
        throw new RangeError(`more than ${OPTIONS_SET_MAX} options are set`);
      }
      this.#place(current, this.#slotCount);
      this.#slotCount += 1;
    }
    option.slot = current.slot;
    return current.slot;
  }

  /** Slot of a DHCP option; -1 when nothing sets it. */
  slotOfCode(code: number): number {
    return code < DHCP_CODES ? this.#slotOfCode[code] : -1;
  }

  /** The space that a DHCP option encapsulates. */
  spaceInCode(code: number): OptionSpace | undefined {
    return this.#spaceInCode[code];
  }

  /** Where a `site-option-space` begins: at 224, or at its lowest code if that is lower. */
  siteCodeMin(space: OptionSpace): number {
    let min = SITE_CODE_MIN;
    for (const code of space.byCode.keys()) min = Math.min(min, code);
    return min;
  }

  /** Codes of the DHCP options that some statement may give a value, ascending. */
  get codesInUse(): readonly number[] {
    if (this.#codesInUse === undefined) {
      const codes: number[] = [];
      for (let code = 1; code < DHCP_CODES - 1; code += 1) {
        const space = this.#spaceInCode[code];
        const isSet = this.#slotOfCode[code] >= 0 || code === 43;
        if (isSet || (space !== undefined && isUsed(space, ENCAPSULATION_DEPTH_MAX, this))) {
          codes.push(code);
        }
      }
      this.#codesInUse = codes;
    }
    return this.#codesInUse;
  }

  /**
   * The options of a space that are set, one after another in ascending order of code; undefined
   * when none is. A value longer than the space's length field can say is left out.
   */
  encapsulate(
    space: OptionSpace,
    settings: { valueAt(slot: number): Uint8Array | undefined },
    depth = ENCAPSULATION_DEPTH_MAX,
  ): Uint8Array | undefined {
    const parts: { code: number; value: Uint8Array }[] = [];
    let length = 0;
    for (const option of space.byCode.values()) {
      let value = option.slot < 0 ? undefined : settings.valueAt(option.slot);
      const inner = option.type.encapsulates;
      if (value === undefined && inner !== undefined && depth > 0) {
        const innerSpace = this.space(inner);
        if (innerSpace !== undefined) value = this.encapsulate(innerSpace, settings, depth - 1);
      }
      if (value === undefined || value.length > tagMax(space.lengthWidth)) continue;
      parts.push({ code: option.code, value });
      length += space.codeWidth + space.lengthWidth + value.length;
    }
    if (parts.length === 0) return undefined;
    parts.sort((first, second) => first.code - second.code);
    const bytes = new Uint8Array(length);
    let offset = 0;
    for (const { code, value } of parts) {
      offset = writeNumber(bytes, offset, code, space.codeWidth);
      offset = writeNumber(bytes, offset, value.length, space.lengthWidth);
      bytes.set(value, offset);
      offset += value.length;
    }
    return bytes;
  }

  #carry(code: number, space: OptionSpace): void {
    this.#spaceInCode[code] ??= space;
    const option = this.dhcp.byCode.get(code);
    if (option !== undefined && !space.carriers.includes(option)) space.carriers.push(option);
  }

  #place(option: RegisteredOption, slot: number): void {
    option.slot = slot;
    if (option.space === this.dhcp) this.#slotOfCode[option.code] = slot;
    this.#codesInUse = undefined;
  }

  #forget(option: RegisteredOption): void {
    const { space, code, name } = option;
    space.byName.delete(name.toLowerCase());
    if (space.byCode.get(code) !== option) return;
    space.byCode.delete(code);
    this.#release(option);
  }

  /** This code no longer encapsulates the option's space. */
  #release(option: RegisteredOption): void {
    for (const other of this.#spaces) {
      const place = other.carriers.indexOf(option);
      if (place >= 0) other.carriers.splice(place, 1);
    }
    if (option.space === this.dhcp) this.#spaceInCode[option.code] = undefined;
  }
}

/** Largest tag of this width. */
export function tagMax(width: TagWidth): number {
  return width === 0 ? Number.POSITIVE_INFINITY : 256 ** width - 1;
}

function isUsed(space: OptionSpace, depth: number, registry: OptionRegistry): boolean {
  for (const option of space.byCode.values()) {
    if (option.slot >= 0) return true;
    const inner = option.type.encapsulates;
    const innerSpace = inner === undefined || depth === 0 ? undefined : registry.space(inner);
    if (innerSpace !== undefined && isUsed(innerSpace, depth - 1, registry)) return true;
  }
  return false;
}

function writeNumber(bytes: Uint8Array, offset: number, value: number, width: TagWidth): number {
  for (let index = 0; index < width; index += 1) {
    bytes[offset + index] = Math.floor(value / 256 ** (width - 1 - index)) & 0xff;
  }
  return offset + width;
}
