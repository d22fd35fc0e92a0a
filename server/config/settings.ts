import { readIpv4 } from "../../protocol/ipv4.ts";
import { DATA_BYTES_MAX } from "./bytes.ts";
import type { EvaluationContext } from "./evaluation-context.ts";
import type { Evaluator } from "./expression.ts";
import { latin1Text } from "./latin1.ts";
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
  permissionSlots,
  permissionValues,
} from "./parameters.ts";
import type { LeaseEvent, LogPriority, OnEvent, SetMode, Statement } from "./statement.ts";
import { Variables } from "./variables.ts";

const VENDOR_OPTIONS = 43;
const LAST_CODE = 254;
/** The request list and the longest message. */
const optionsOfLease: readonly number[] = [55, 57];
const siteSpaceSlot = parameterSlots["site-option-space"];
const vendorSpaceSlot = parameterSlots["vendor-option-space"];

/** What one evaluation may say and do; the rest is left out. */
const MESSAGES_MAX = 64;
const COMMANDS_MAX = 16;
/** Calls of functions of the file's own that one evaluation may make. */
const CALLS_MAX = 256;
/** Steps of regular expressions that one evaluation may take: less than a second of them. */
const PATTERN_STEPS_MAX = 2 ** 26;

/** A line that a `log` statement wrote. */
export interface LogMessage {
  readonly priority: LogPriority;
  /** One character a byte. */
  readonly text: string;
}

/** Look-ups of options that others need, and calls of functions, one inside another. */
const LOOKUP_DEPTH_MAX = 20;
/** Such look-ups in one evaluation; they could double with every step otherwise. */
const LOOKUPS_MAX = 1024;

type Part = Uint8Array | Evaluator<Uint8Array>;

/** Values behind one another, some still to be worked out: what `append` and `prepend` make. */
class Parts {
  readonly parts: Part[];

  constructor(parts: Part[]) {
    this.parts = parts;
  }
}

type Stored = Part | Parts;

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
 * What the configuration says for one client at one moment: parameters by ISC's name and options by
 * code. A getter answers undefined when nothing was set; the defaults of dhcpd.conf(5) are the
 * reader's business. Values are shared with the configuration: never write into them.
 */
export class Settings {
  readonly #registry: OptionRegistry;
  readonly #values: (Stored | undefined)[];
  #revision = 0;
  // Made when first needed: most configurations need none of these.
  #variables: Variables | undefined;
  #events: Partial<Record<LeaseEvent, OnEvent>> | undefined;
  #messages: LogMessage[] | undefined;
  #commands: (readonly string[])[] | undefined;
  #vendorSpace: OptionSpace | undefined;
  /** Slots with a value that is still to be worked out. */
  #unresolved: number[] | undefined;
  #computed: Computed[] | undefined;
  #lookupDepth = 0;
  #lookupsLeft = LOOKUPS_MAX;
  #callDepth = 0;
  #callsLeft = CALLS_MAX;
  #patternStepsLeft = PATTERN_STEPS_MAX;

  /** `variables` are those of the lease; statements change them in place. See `copyFor` for `origin`. */
  constructor(registry: OptionRegistry, variables?: Variables, origin?: Settings) {
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
  copyFor(variables: Variables): Settings {
    if (this.#variables !== undefined) variables.declareFunctions(this.#variables);
    return new Settings(this.#registry, variables, this);
  }

  /** Grows with everything that is set. */
  get revision(): number {
    return this.#revision;
  }

  /** Seconds, milliseconds, percent or a port, as the parameter has it. */
  number(name: NumberParameter): number | undefined {
    const value = this.valueAt(parameterSlots[name]);
    if (value === undefined) return undefined;
    let number = 0;
    for (let index = 0; index < value.length; index += 1) number = number * 256 + value[index];
    return number;
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

  /** What `allow`, `deny` or `ignore` said last about this subject. */
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
    const registry = this.#registry;
    const site = this.#siteSpace(code);
    if (site !== undefined) return this.#siteOption(site, code);
    const slot = registry.slotOfCode(code);
    if (slot >= 0 && this.#values[slot] !== undefined) return this.valueAt(slot);
    const space = registry.spaceInCode(code);
    if (space !== undefined) {
      const encapsulated = registry.encapsulate(space, this);
      if (encapsulated !== undefined) return encapsulated;
    }
    const vendorSpace = code === VENDOR_OPTIONS ? this.#configuredVendorSpace() : undefined;
    return vendorSpace === undefined ? undefined : registry.encapsulate(vendorSpace, this);
  }

  /** `site-option-space`, when it has this code for its own. */
  #siteSpace(code: number): OptionSpace | undefined {
    const name = this.valueAt(siteSpaceSlot);
    if (name === undefined) return undefined;
    const space = this.#registry.space(latin1Text(name));
    return space === undefined || code < this.#registry.siteCodeMin(space) ? undefined : space;
  }

  #siteOption(space: OptionSpace, code: number): Uint8Array | undefined {
    const slot = space.byCode.get(code)?.slot ?? -1;
    return slot < 0 ? undefined : this.valueAt(slot);
  }

  /** `vendor-option-space`; a name that no space has is as good as none, as in dhcpd. */
  #configuredVendorSpace(): OptionSpace | undefined {
    const name = this.valueAt(vendorSpaceSlot);
    return name === undefined ? undefined : this.#registry.space(latin1Text(name));
  }

  /** Codes of the DHCP options that have a value, ascending. */
  optionCodes(): number[] {
    const site = this.#siteSpace(LAST_CODE);
    const codes =
      site === undefined
        ? this.#registry.codesInUse
        : [...new Set([...this.#registry.codesInUse, ...site.byCode.keys()])].sort((a, b) => a - b);
    return codes.filter((code) => code <= LAST_CODE && this.option(code) !== undefined);
  }

  /** What `on EVENT` said last: run it with `runEvent` when that happens to the lease. */
  event(name: LeaseEvent): readonly Statement[] {
    return this.#events?.[name]?.statements ?? noStatements;
  }

  /** The `on` statement that spoke last about the event. */
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

  /** Of the lease, or of the function that is being run. */
  get variables(): Variables {
    this.#variables ??= new Variables();
    return this.#variables;
  }

  /** For the evaluator, as all that follows. */
  set variables(variables: Variables) {
    this.#variables = variables;
  }

  setEvent(name: LeaseEvent, statement: OnEvent): void {
    // Anew, since copies share it.
    this.#events = { ...this.#events, [name]: statement };
    this.#revision += 1;
  }

  addMessage(priority: LogPriority, text: string): void {
    this.#messages ??= [];
    if (this.#messages.length < MESSAGES_MAX) this.#messages.push({ priority, text });
  }

  addCommand(words: readonly string[]): void {
    this.#commands ??= [];
    if (this.#commands.length < COMMANDS_MAX) this.#commands.push(words);
  }

  /** Gives out what has been logged and asked for since the last time. */
  takeOutput(): Pick<Settings, "messages" | "commands"> {
    const output = { messages: this.messages, commands: this.commands };
    this.#messages = undefined;
    this.#commands = undefined;
    this.#callsLeft = CALLS_MAX;
    this.#lookupsLeft = LOOKUPS_MAX;
    this.#patternStepsLeft = PATTERN_STEPS_MAX;
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

  /** False when matching patterns has been too much work already. */
  takePatternSteps(steps: number): boolean {
    if (steps > this.#patternStepsLeft) return false;
    this.#patternStepsLeft -= steps;
    return true;
  }

  /** False when there are too many calls, or too many inside each other. */
  enterCall(depthMax: number): boolean {
    if (this.#callsLeft === 0 || this.#callDepth + this.#lookupDepth >= depthMax) return false;
    this.#callsLeft -= 1;
    this.#callDepth += 1;
    return true;
  }

  leaveCall(): void {
    this.#callDepth -= 1;
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
    const depth = this.#lookupDepth + this.#callDepth;
    if (depth >= LOOKUP_DEPTH_MAX || this.#lookupsLeft === 0) return undefined;
    this.#lookupsLeft -= 1;
    this.#lookupDepth += 1;
    // Out of sight meanwhile, or a value that asks for itself would never come to an end.
    this.#values[slot] = undefined;
    const bytes = this.#work(value, context);
    this.#values[slot] = value;
    this.#lookupDepth -= 1;
    return bytes;
  }

  #work(value: Exclude<Stored, Uint8Array>, context: EvaluationContext): Uint8Array | undefined {
    if (typeof value === "function") return value(context, this);
    let whole = new Uint8Array(0);
    for (const part of value.parts) {
      const bytes = typeof part === "function" ? part(context, this) : part;
      if (bytes === undefined) return undefined;
      whole = joined(whole, bytes);
    }
    return whole;
  }

  /**
   * For the evaluator: what a statement does. A value that depends on the packet is only worked out
   * by `resolve`, when all statements have run, as dhcpd does it; what is null then is not sent, and
   * brings back nothing that it took the place of.
   */
  set(slot: number, mode: SetMode, value: Part): void {
    const before = this.#values[slot];
    if (before === undefined || mode === "supersede") {
      this.#store(slot, value);
    } else if (mode !== "default") {
      const [first, second] = mode === "append" ? [before, value] : [value, before];
      const isConstant = first instanceof Uint8Array && second instanceof Uint8Array;
      this.#store(slot, isConstant ? joined(first, second) : inOrder(first, second));
    }
  }

  #store(slot: number, value: Stored): void {
    this.#values[slot] = value;
    this.#revision += 1;
    if (value instanceof Uint8Array) return;
    this.#unresolved ??= [];
    this.#unresolved.push(slot);
  }

  /** For the evaluator: works out what depends on the packet, once all statements have run. */
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

function inOrder(first: Stored, second: Stored): Parts {
  const partsOf = (value: Stored): Part[] => (value instanceof Parts ? value.parts : [value]);
  return new Parts([...partsOf(first), ...partsOf(second)]);
}

/** What would become too long is left as it was. */
function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  if (first.length + second.length > DATA_BYTES_MAX) return Uint8Array.from(first);
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
