import { numberOf } from "../../../protocol/bytes.ts";
import { readIpv4 } from "../../../protocol/ipv4.ts";
import { latin1Text } from "../../../protocol/latin1.ts";
import { configuredCodes, configuredOption } from "./configured-options.ts";
import type { OptionRegistry, OptionSpace } from "./option-registry.ts";
import {
  type AddressParameter,
  type BytesParameter,
  type FlagParameter,
  type NumberParameter,
  type Permission,
  type PermissionName,
  parameterNames,
  parameterSlots,
  parameterTable,
  permissionSlots,
  permissionValues,
} from "./parameters.ts";
import type {
  EvaluatedSettings,
  EvaluationContext,
  LeaseEvent,
  LogMessage,
  OnEvent,
  SetMode,
  Statement,
  VariableScope,
} from "./program.ts";
import { type Part, type Stored, together, workOut } from "./stored-value.ts";
import { Variables } from "./variables.ts";
import { WorkLimits } from "./work-limits.ts";

/** The request list and the longest message. */
const optionsOfLease: readonly number[] = [55, 57];
const vendorSpaceSlot = parameterSlots["vendor-option-space"];

/** Limits of one evaluation; what exceeds them is dropped. */
const MESSAGES_MAX = 64;
const COMMANDS_MAX = 16;

const numberBytes = { u8: 1, u16: 2, u32: 4 } as const;

/** A value that depends on the packet: how it is worked out, and what it came to. */
interface Computed {
  readonly slot: number;
  readonly formula: Stored | undefined;
  value: Uint8Array | undefined;
}

const noMessages: readonly LogMessage[] = [];
const noCommands: readonly (readonly string[])[] = [];
const noStatements: readonly Statement[] = [];

/**
 * What the configuration sets for one client at one moment: parameters by ISC's name and options by
 * code. A getter returns undefined when nothing was set; the reader applies the defaults of
 * dhcpd.conf(5). Values are shared with the configuration: never write into them.
 */
export class Settings implements EvaluatedSettings {
  readonly #registry: OptionRegistry;
  readonly #values: (Stored | undefined)[];
  #revision = 0;
  // Made when first needed: most configurations need none of these.
  #variables: VariableScope | undefined;
  #events: Partial<Record<LeaseEvent, OnEvent>> | undefined;
  #messages: LogMessage[] | undefined;
  #commands: (readonly string[])[] | undefined;
  #vendorSpace: OptionSpace | undefined;
  /** Slots with a value that is still to be worked out. */
  #unresolved: number[] | undefined;
  #computed: Computed[] | undefined;
  #limits: WorkLimits | undefined;

  /** `variables` are those of the lease; statements change them in place. See `copyFor` for `origin`. */
  constructor(registry: OptionRegistry, variables?: VariableScope, origin?: Settings) {
    this.#registry = registry;
    this.#variables = variables;
    if (origin === undefined) {
      this.#values = new Array<Stored | undefined>(registry.slotCount).fill(undefined);
    } else {
      this.#values = origin.#values.slice();
      this.#events = origin.#events;
      this.#vendorSpace = origin.#vendorSpace;
    }
  }

  /** The same for one lease with variables of its own, and the functions that are defined here. */
  copyFor(variables: VariableScope): Settings {
    if (this.#variables !== undefined) variables.declareFunctions(this.#variables);
    return new Settings(this.#registry, variables, this);
  }

  /** Grows with everything that is set. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * Seconds, milliseconds, percent or a port, as the parameter has it. A value of another size counts as unset, as in
   * dhcpd.
   */
  number(name: NumberParameter): number | undefined {
    const value = this.valueAt(parameterSlots[name]);
    if (value === undefined || value.length !== numberBytes[parameterTable[name].type])
      return undefined;
    return numberOf(value);
  }

  flag(name: FlagParameter): boolean | undefined {
    const value = this.valueAt(parameterSlots[name]);
    return value === undefined || value.length === 0 ? undefined : value[0] !== 0;
  }

  /** `filename`, `server-name` and their like, without a terminator. */
  bytes(name: BytesParameter): Uint8Array | undefined {
    return this.valueAt(parameterSlots[name]);
  }

  text(name: BytesParameter): string | undefined {
    const value = this.bytes(name);
    return value === undefined ? undefined : latin1Text(value);
  }

  address(name: AddressParameter): number | undefined {
    const value = this.valueAt(parameterSlots[name]);
    return value === undefined || value.length < 4 ? undefined : readIpv4(value, 0);
  }

  /** The latest `allow`, `deny` or `ignore` about this subject. */
  permission(name: PermissionName): Permission | undefined {
    const value = this.valueAt(permissionSlots[name]);
    if (value === undefined || value.length === 0) return undefined;
    if (value[0] === permissionValues.deny) return "deny";
    return value[0] === permissionValues.ignore ? "ignore" : "allow";
  }

  /**
   * Value of a DHCP option as it goes on the wire: as configured, or put together from the options
   * of the space that it encapsulates; for option 43 also of the `vendor-option-space`.
   */
  option(code: number): Uint8Array | undefined {
    return configuredOption(this.#registry, this, code);
  }

  /** Codes of the DHCP options that have a value, ascending. */
  optionCodes(): number[] {
    return configuredCodes(this.#registry, this);
  }

  /** The statements of the latest `on EVENT`; `runEvent` runs them when it happens to the lease. */
  event(name: LeaseEvent): readonly Statement[] {
    return this.#events?.[name]?.statements ?? noStatements;
  }

  /** The latest `on` statement for the event. */
  onEvent(name: LeaseEvent): OnEvent | undefined {
    return this.#events?.[name];
  }

  /** Lines of `log` statements, in order, at most 64. */
  get messages(): readonly LogMessage[] {
    return this.#messages ?? noMessages;
  }

  /** Commands of `execute` statements, each its words, in order, at most 16. */
  get commands(): readonly (readonly string[])[] {
    return this.#commands ?? noCommands;
  }

  /** The variables of the lease, or of the running function. */
  get variables(): VariableScope {
    this.#variables ??= new Variables();
    return this.#variables;
  }

  /** For the evaluator, like everything below. */
  set variables(variables: VariableScope) {
    this.#variables = variables;
  }

  setEvent(name: LeaseEvent, statement: OnEvent): void {
    // Anew, since copies share it.
    this.#events = { ...this.#events, [name]: statement };
    this.#revision += 1;
  }

  addMessage(message: LogMessage): void {
    this.#messages ??= [];
    if (this.#messages.length < MESSAGES_MAX) this.#messages.push(message);
  }

  addCommand(words: readonly string[]): void {
    this.#commands ??= [];
    if (this.#commands.length < COMMANDS_MAX) this.#commands.push(words);
  }

  /** Returns the log lines and the commands since the last call. */
  takeOutput(): Pick<Settings, "messages" | "commands"> {
    const output = { messages: this.messages, commands: this.commands };
    this.#messages = undefined;
    this.#commands = undefined;
    this.#limits?.renew();
    return output;
  }

  /** `parse-vendor-option`: from now on the packet's option 43 holds options of that space. */
  takeVendorSpace(context: EvaluationContext): void {
    const name = this.evaluateAt(vendorSpaceSlot, context);
    this.#vendorSpace = name === undefined ? undefined : this.#registry.space(latin1Text(name));
  }

  get parsedVendorSpace(): OptionSpace | undefined {
    return this.#vendorSpace;
  }

  /** Limits of the current evaluation. */
  get limits(): WorkLimits {
    this.#limits ??= new WorkLimits();
    return this.#limits;
  }

  /** Some statement has set the slot. */
  isSet(slot: number): boolean {
    return this.#values[slot] !== undefined;
  }

  /** The value in a slot of the OptionRegistry; none while it is still to be worked out. */
  valueAt(slot: number): Uint8Array | undefined {
    const value = this.#values[slot];
    return value instanceof Uint8Array ? value : undefined;
  }

  /**
   * For the evaluator: the value in a slot as it would be sent now. Null when it depends on itself,
   * and when there are too many such look-ups.
   */
  evaluateAt(slot: number, context: EvaluationContext): Uint8Array | undefined {
    const value = this.#values[slot];
    if (value === undefined || value instanceof Uint8Array) return value;
    if (!this.limits.enterLookup()) return undefined;
    // Hide the value meanwhile: one that refers to itself would never end.
    this.#values[slot] = undefined;
    const bytes = workOut(value, context, this);
    this.#values[slot] = value;
    this.limits.leave();
    return bytes;
  }

  /**
   * For the evaluator: carries out a statement. A value that depends on the packet is computed by
   * `resolve`, after all statements, as in dhcpd. If it is null then, it is not sent, and the value
   * it replaced does not come back.
   */
  set(slot: number, mode: SetMode, value: Part): void {
    const before = this.#values[slot];
    if (before === undefined || mode === "supersede") {
      this.#store(slot, value);
    } else if (mode !== "default") {
      this.#store(slot, mode === "append" ? together(before, value) : together(value, before));
    }
  }

  #store(slot: number, value: Stored): void {
    this.#values[slot] = value;
    this.#revision += 1;
    if (value instanceof Uint8Array) return;
    this.#unresolved ??= [];
    this.#unresolved.push(slot);
  }

  /** For the evaluator: computes the values that depend on the packet, after all statements. */
  resolve(context: EvaluationContext): void {
    if (this.#unresolved === undefined) return;
    const computed = this.#unresolved.map((slot) => ({
      slot,
      formula: this.#values[slot],
      value: this.#finalValue(slot, context),
    }));
    for (const { slot, value } of computed) this.#values[slot] = value;
    this.#unresolved = undefined;
    this.#computed = this.#computed === undefined ? computed : [...this.#computed, ...computed];
  }

  #finalValue(slot: number, context: EvaluationContext): Uint8Array | undefined {
    const { optionVariables } = context;
    if (optionVariables === undefined || !this.#isSentLast(slot)) {
      return this.evaluateAt(slot, context);
    }
    const ofLease = this.#variables;
    this.#variables = optionVariables;
    const value = this.evaluateAt(slot, context);
    this.#variables = ofLease;
    return value;
  }

  /** Parameters, and the options that decide about the reply, are worked out for the lease. */
  #isSentLast(slot: number): boolean {
    if (slot < parameterNames.length) return false;
    return !optionsOfLease.some((code) => this.#registry.slotOfCode(code) === slot);
  }

  /** Works the same values out once more: variables or the lease's end are others by now. */
  refresh(context: EvaluationContext): void {
    const fresh = (this.#computed ?? []).filter(({ slot, value }) => this.#values[slot] === value);
    for (const { slot, formula } of fresh) this.#values[slot] = formula;
    for (const one of fresh) one.value = this.#finalValue(one.slot, context);
    for (const { slot, value } of fresh) this.#values[slot] = value;
  }
}
