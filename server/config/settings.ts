import { readIpv4 } from "../../protocol/ipv4.ts";
import { latin1Text } from "./latin1.ts";
import type { OptionRegistry } from "./option-registry.ts";
import {
  type AddressParameter,
  type BytesParameter,
  type FlagParameter,
  type NumberParameter,
  type Permission,
  type PermissionName,
  parameterSlots,
  permissionSlots,
  permissionValues,
} from "./parameters.ts";
import type { SetMode } from "./statement.ts";

const VENDOR_OPTIONS = 43;
const vendorSpaceSlot = parameterSlots["vendor-option-space"];

/**
 * What the configuration says for one client at one moment: parameters by ISC's name and options by
 * code. A getter answers undefined when nothing was set; the defaults of dhcpd.conf(5) are the
 * reader's business. Values are shared with the configuration: never write into them.
 */
export class Settings {
  readonly #registry: OptionRegistry;
  readonly #values: (Uint8Array | undefined)[];

  constructor(registry: OptionRegistry) {
    this.#registry = registry;
    this.#values = new Array<Uint8Array | undefined>(registry.slotCount).fill(undefined);
  }

  /** Seconds, milliseconds, percent or a port, as the parameter has it. */
  number(name: NumberParameter): number | undefined {
    const value = this.#values[parameterSlots[name]];
    if (value === undefined) return undefined;
    let number = 0;
    for (let index = 0; index < value.length; index += 1) number = number * 256 + value[index];
    return number;
  }

  flag(name: FlagParameter): boolean | undefined {
    const value = this.#values[parameterSlots[name]];
    return value === undefined || value.length === 0 ? undefined : value[0] !== 0;
  }

  /** `filename`, `server-name` and their like, without a terminator. */
  bytes(name: BytesParameter): Uint8Array | undefined {
    return this.#values[parameterSlots[name]];
  }

  text(name: BytesParameter): string | undefined {
    const value = this.bytes(name);
    return value === undefined ? undefined : latin1Text(value);
  }

  address(name: AddressParameter): number | undefined {
    const value = this.#values[parameterSlots[name]];
    return value === undefined || value.length < 4 ? undefined : readIpv4(value, 0);
  }

  /** What `allow`, `deny` or `ignore` said last about this subject. */
  permission(name: PermissionName): Permission | undefined {
    const value = this.#values[permissionSlots[name]];
    if (value === undefined || value.length === 0) return undefined;
    if (value[0] === permissionValues.deny) return "deny";
    return value[0] === permissionValues.ignore ? "ignore" : "allow";
  }

  /**
   * Value of a DHCP option as it goes on the wire: as configured, or put together from the options
   * of the space that it encapsulates; for option 43 also of the `vendor-option-space`.
   */
  option(code: number): Uint8Array | undefined {
    const registry = this.#registry;
    const slot = registry.slotOfCode(code);
    if (slot >= 0 && this.#values[slot] !== undefined) return this.#values[slot];
    const space = registry.spaceInCode(code);
    if (space !== undefined) {
      const value = registry.encapsulate(space, this);
      if (value !== undefined) return value;
    }
    const vendorSpace = this.#values[vendorSpaceSlot];
    if (code !== VENDOR_OPTIONS || vendorSpace === undefined) return undefined;
    return registry.encapsulate(registry.spaceAt(vendorSpace[0]), this);
  }

  /** Codes of the DHCP options that have a value, ascending. */
  optionCodes(): number[] {
    return this.#registry.codesInUse.filter((code) => this.option(code) !== undefined);
  }

  /** For the evaluator: the value in a slot of the OptionRegistry. */
  valueAt(slot: number): Uint8Array | undefined {
    return this.#values[slot];
  }

  /** For the evaluator: what a statement does. */
  set(slot: number, mode: SetMode, value: Uint8Array): void {
    const before = this.#values[slot];
    if (mode === "supersede" || before === undefined) this.#values[slot] = value;
    else if (mode === "append") this.#values[slot] = joined(before, value);
    else if (mode === "prepend") this.#values[slot] = joined(value, before);
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
