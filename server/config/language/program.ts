import type { DhcpPacket } from "../../../protocol/dhcp/packet.ts";
import type { ByteSpan } from "./byte-span.ts";
import type { OptionSpace } from "./option-registry.ts";
import type { WorkLimits } from "./work-limits.ts";

// A compiled configuration: its expressions and statements, and what they may look at and change. They
// contain each other, so they stand in one file.

/** What a variable holds: dhcpd's bindings of data, numbers, truth values and functions. */
export type BindingValue = Uint8Array | number | boolean | FunctionValue;

/** What can be stored with a lease: functions cannot. */
export type StoredValue = Exclude<BindingValue, FunctionValue>;

/** `define NAME (PARAMETERS) { … }`. */
export interface FunctionValue {
  readonly parameters: readonly string[];
  readonly body: readonly Statement[];
}

export function isFunction(value: BindingValue): value is FunctionValue {
  return typeof value === "object" && !(value instanceof Uint8Array);
}

/** Variables and functions by name; names know no case. An inner scope sees the outer ones. */
export interface VariableScope {
  has(name: string): boolean;
  get(name: string): BindingValue | undefined;
  /** Gives the innermost variable of that name its value, or makes a new one in this scope. */
  set(name: string, value: BindingValue | undefined): void;
  /** The same, but the variable has no value while `work` finds the new one, as in dhcpd. */
  replace(name: string, work: () => BindingValue | undefined): void;
  /** The functions of this scope alone. */
  functions(): Iterable<readonly [name: string, value: FunctionValue]>;
  /** Takes over the functions of another scope. */
  declareFunctions(others: VariableScope): void;
}

/** What statements have set so far: expressions look at it, statements add to it. */
export interface EvaluatedSettings {
  /** The variables of the lease, or of the running function. */
  variables: VariableScope;
  readonly limits: WorkLimits;
  /** The space that `parse-vendor-option` chose for the packet's option 43. */
  readonly parsedVendorSpace: OptionSpace | undefined;
  /** Value of a DHCP option as it goes on the wire. */
  option(code: number): Uint8Array | undefined;
  isSet(slot: number): boolean;
  /** The value in a slot; undefined while it is still to be worked out. */
  valueAt(slot: number): Uint8Array | undefined;
  /** The value in a slot as it would be sent now. */
  evaluateAt(slot: number, context: EvaluationContext): Uint8Array | undefined;
  set(slot: number, mode: SetMode, value: Uint8Array | Evaluator<Uint8Array>): void;
  setEvent(event: LeaseEvent, statement: OnEvent): void;
  addMessage(message: LogMessage): void;
  addCommand(words: readonly string[]): void;
  takeVendorSpace(context: EvaluationContext): void;
}

/** What an expression may look at while one packet is decided. */
export interface EvaluationContext {
  /** Undefined when a lease expires: what looks at the packet is null then. */
  readonly packet: DhcpPacket | undefined;
  /** The client has a host declaration, in any scope. */
  readonly known: boolean;
  /** The whole datagram, for `packet (offset, length)`; without it that expression is null. */
  readonly raw?: Uint8Array | undefined;
  /** Option 82 for a packet that has none: the lease's own (`stash-agent-options`). */
  readonly relayAgent?: Uint8Array | undefined;
  /** `leased-address`; 0.0.0.0 cannot be leased, so undefined means none. */
  readonly leaseAddress?: number | undefined;
  /** `lease-time`: seconds until the lease ends. */
  readonly leaseSeconds?: number | undefined;
  /** `static`: the address comes from a host's fixed-address. */
  readonly isStatic?: boolean | undefined;
  /** `host-decl-name`. */
  readonly hostName?: string | undefined;
  /** `check "default"`: the packet belongs to some class. */
  readonly isClassified?: boolean | undefined;
  /** `gethostname ()`: the name of the machine that the server runs on. */
  readonly serverHostName?: string | undefined;
  /** The variables of the lease, which statements read and change; without them, new ones. */
  readonly variables?: VariableScope | undefined;
  /**
   * The variables for the values of options: dhcpd computes those with the variables of the top
   * level, once it has dealt with the lease. Without them, `variables` count.
   */
  readonly optionVariables?: VariableScope | undefined;
  /** Addresses of a host name, from a cache: must not block. Unknown names: undefined. */
  readonly resolve?: ((name: string) => readonly number[] | undefined) | undefined;
}

/**
 * Compiled expressions. `undefined` is ISC's null: the value does not exist (an option that the
 * packet lacks), and most operators pass it on. `constant` is there when the value never changes.
 */
export interface DataExpression {
  readonly type: "data";
  readonly constant: Uint8Array | undefined;
  readonly evaluate: Evaluator<Uint8Array>;
  /** The same value without a copy, of an expression that looks at nothing but the packet. */
  readonly locate?: Locator | undefined;
}

export interface BooleanExpression {
  readonly type: "boolean";
  /** Present when the expression is an operator. */
  readonly operation?: Operation;
  readonly evaluate: Evaluator<boolean>;
}

export interface NumericExpression {
  readonly type: "numeric";
  readonly constant: number | undefined;
  /** Present when the expression is an operator. */
  readonly operation?: Operation;
  readonly evaluate: Evaluator<number>;
}

/** A variable, or a call of a function of the file's own: its type shows when it is evaluated. */
export interface UntypedExpression {
  readonly type: "untyped";
  readonly evaluate: Evaluator<BindingValue>;
}

export type Expression = DataExpression | BooleanExpression | NumericExpression | UntypedExpression;

/**
 * `settings` are those made so far, for `config-option`, and hold the variables. While classes are
 * matched they hold only what the top level defines.
 */
export type Evaluator<Value> = (
  context: EvaluationContext,
  settings: EvaluatedSettings | undefined,
) => Value | undefined;

/** An operator and its two sides, kept for operators that have it as a side. */
export interface Operation {
  /** "both": both sides are always worked out. "and" and "or" may leave out their right one. */
  readonly kind: "and" | "or" | "both";
  readonly left: Expression;
  readonly right: Expression;
  /** The result of both sides, when `kind` is "both". */
  readonly apply:
    | ((
        left: BindingValue | undefined,
        right: BindingValue | undefined,
      ) => BindingValue | undefined)
    | undefined;
  /** Operators inside each other, this one included. */
  readonly height: number;
}

/**
 * Finds the value of an expression where it lies; false when it is null. It holds until the same
 * expression is looked at again. Only expressions that call no function have one, so that none can
 * be asked for while it is being found.
 */
export type Locator = (context: EvaluationContext, span: ByteSpan) => boolean;

/** What an option statement does to an earlier value. */
export type SetMode = "supersede" | "default" | "append" | "prepend";

/** A compiled statement. Slots are indexes into `Settings`, given out by the OptionRegistry. */
export type Statement =
  | SetConstant
  | SetComputed
  | Conditional
  | Switch
  | SetVariable
  | DefineFunction
  | Evaluate
  | Return
  | Log
  | Execute
  | OnEvent
  | { readonly kind: "break" }
  | { readonly kind: "parse-vendor-option" };

export interface SetConstant {
  readonly kind: "constant";
  readonly slot: number;
  readonly mode: SetMode;
  readonly value: Uint8Array;
}

export interface SetComputed {
  readonly kind: "computed";
  readonly slot: number;
  readonly mode: SetMode;
  /** Worked out when all statements have run; a null value is not sent. */
  readonly evaluate: Evaluator<Uint8Array>;
}

/** `if`, its `elsif`s and its `else`: the first branch whose condition is true runs. */
export interface Conditional {
  readonly kind: "if";
  readonly branches: readonly Branch[];
  /** The conditions look at the packet alone: not at variables, functions or earlier settings. */
  readonly looksAtPacketOnly: boolean;
}

export interface Branch {
  /** Undefined for `else`. */
  readonly condition: BooleanExpression | undefined;
  readonly statements: readonly Statement[];
}

/**
 * `switch`: runs `statements` from the first case with an equal value on, else from `default:` on,
 * through to a `break` of its own or the end.
 */
export interface Switch {
  readonly kind: "switch";
  readonly value: Evaluator<Uint8Array | number>;
  readonly cases: readonly SwitchCase[];
  /** Where `default:` stands; undefined when there is none. */
  readonly defaultFrom: number | undefined;
  readonly statements: readonly Statement[];
  /** As in `Conditional`, for the value and the cases. */
  readonly looksAtPacketOnly: boolean;
}

export interface SwitchCase {
  readonly value: Evaluator<Uint8Array | number>;
  /** Index of the first statement after the label. */
  readonly from: number;
}

/** `set NAME = EXPRESSION;`; `unset NAME;` has no expression. */
export interface SetVariable {
  readonly kind: "set";
  readonly name: string;
  readonly evaluate: Evaluator<BindingValue> | undefined;
}

export interface DefineFunction {
  readonly kind: "define";
  readonly name: string;
  readonly parameters: readonly string[];
  readonly body: readonly Statement[];
}

/** `eval`, or a call of a function: only what it does to variables counts. */
export interface Evaluate {
  readonly kind: "eval";
  readonly evaluate: Expression["evaluate"];
}

/** Outside functions it has no effect, as in dhcpd. */
export interface Return {
  readonly kind: "return";
  readonly evaluate: Evaluator<BindingValue>;
}

export type LogPriority = "fatal" | "error" | "info" | "debug";

export interface Log {
  readonly kind: "log";
  readonly priority: LogPriority;
  readonly evaluate: Evaluator<Uint8Array>;
}

/** A line that a `log` statement wrote. */
export interface LogMessage {
  readonly priority: LogPriority;
  /** One character a byte. */
  readonly text: string;
}

/**
 * What the operator allows `execute` statements. With "no-dashes" a command is not run when an argument that is no
 * constant begins with `-`: a program would take a client's data for an option.
 */
export type ExecuteRule = "refused" | "allowed" | "no-dashes";

export interface Execute {
  readonly kind: "execute";
  readonly command: string;
  readonly arguments: readonly DataExpression[];
  readonly rule: Exclude<ExecuteRule, "refused">;
}

/** An event of a lease: it is given, given back, or runs out. */
export type LeaseEvent = "commit" | "release" | "expiry";

/** Replaces the earlier `on` statements about the same event. */
export interface OnEvent {
  readonly kind: "on";
  readonly events: readonly LeaseEvent[];
  readonly statements: readonly Statement[];
  /** The statements as they stand in the file, one blank for many and without comments. */
  readonly text: string;
}
