import type {
  BindingValue,
  EvaluatedSettings,
  EvaluationContext,
  Evaluator,
  Expression,
  Operation,
} from "./program.ts";

type Value = BindingValue | undefined;

/** Up to so many nested operators call each other; a deeper tree is flattened. */
const NESTED_MAX = 4;

/** An operator whose value is `apply` of both sides. */
export function strictOperation(
  left: Expression,
  right: Expression,
  apply: (left: Value, right: Value) => Value,
): Operation {
  return { kind: "both", left, right, apply, height: heightOver(left, right) };
}

/** `and`, `or`, as in dhcpd. */
export function logicalOperation(
  kind: "and" | "or",
  left: Expression,
  right: Expression,
): Operation {
  return { kind, left, right, apply: undefined, height: heightOver(left, right) };
}

function heightOver(left: Expression, right: Expression): number {
  return 1 + Math.max(operationOf(left)?.height ?? 0, operationOf(right)?.height ?? 0);
}

function operationOf(expression: Expression): Operation | undefined {
  return "operation" in expression ? expression.operation : undefined;
}

/**
 * Works the operator out: by `direct` in a small tree. A list of a hundred thousand alternatives is a
 * tree as high, so that one is run step by step, with a stack of its own: it needs none of the
 * machine's.
 */
export function evaluatorOf(operation: Operation, direct: Evaluator<BindingValue>) {
  if (operation.height <= NESTED_MAX) return direct;
  let program: readonly Step[] | undefined;
  return (context: EvaluationContext, settings: EvaluatedSettings | undefined): Value => {
    program ??= programOf(operation);
    return run(program, context, settings);
  };
}

type Step =
  | { readonly kind: "value"; readonly evaluate: Evaluator<BindingValue> }
  | { readonly kind: "apply"; readonly apply: (left: Value, right: Value) => Value }
  /** Goes on at `to` when the left side decides; a right side ends there. */
  | { readonly kind: "and" | "or"; to: number }
  | { readonly kind: "join" };

/**
 * What remains to be written: the steps of an expression, a single step, or the target of a jump.
 */
type Task = Expression | Step | { readonly kind: "land"; readonly jump: { to: number } };

/** The steps of a tree, left before right before operator. */
function programOf(root: Operation): readonly Step[] {
  const program: Step[] = [];
  const tasks: Task[] = [];
  planned(root, tasks);
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    if ("kind" in task) {
      if (task.kind === "land") task.jump.to = program.length;
      else program.push(task);
      continue;
    }
    const operation = operationOf(task);
    if (operation === undefined) program.push({ kind: "value", evaluate: task.evaluate });
    else planned(operation, tasks);
  }
  return program;
}

/** The last comes first. */
function planned({ kind, left, right, apply }: Operation, tasks: Task[]): void {
  if (kind === "both") {
    if (apply !== undefined) tasks.push({ kind: "apply", apply }, right, left);
    return;
  }
  const jump = { kind, to: 0 };
  tasks.push({ kind: "land", jump });
  if (kind === "or") tasks.push({ kind: "join" });
  tasks.push(right, jump, left);
}

function run(
  program: readonly Step[],
  context: EvaluationContext,
  settings: EvaluatedSettings | undefined,
): Value {
  const stack: Value[] = [];
  for (let at = 0; at < program.length; at += 1) {
    const step = program[at];
    switch (step.kind) {
      case "value":
        stack.push(step.evaluate(context, settings));
        break;
      case "and":
        if (stack.pop() !== true) {
          stack.push(undefined);
          at = step.to - 1;
        }
        break;
      case "or":
        if (stack[stack.length - 1] === true) at = step.to - 1;
        break;
      case "join": {
        const second = stack.pop();
        const first = stack.pop();
        stack.push(second ?? first);
        break;
      }
      case "apply": {
        const second = stack.pop();
        stack.push(step.apply(stack.pop(), second));
      }
    }
  }
  return stack[0];
}
