import type { BooleanExpression, DataExpression, Evaluator, Expression } from "./expression.ts";
import type { BindingValue } from "./variables.ts";

/** What an option statement does with a value that is already there. */
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
  /**
   * The conditions depend on nothing that statements do: neither on variables and functions nor on
   * what has been set so far.
   */
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
  /** As of an `if`: the value and the cases. */
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

export interface Execute {
  readonly kind: "execute";
  readonly command: string;
  readonly arguments: readonly DataExpression[];
}

/** What happens to a lease: it is given, it is given back, it runs out. */
export type LeaseEvent = "commit" | "release" | "expiry";

/** Takes the place of what an earlier `on` said about the same event. */
export interface OnEvent {
  readonly kind: "on";
  readonly events: readonly LeaseEvent[];
  readonly statements: readonly Statement[];
  /** The statements as they stand in the file, one blank for many and without comments. */
  readonly text: string;
}
