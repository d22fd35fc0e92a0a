import { type Decision, decisionsOf } from "../../config/language/decisions.ts";
import { maySet } from "../../config/language/may-set.ts";
import type { Statement } from "../../config/language/program.ts";
import { runStatements } from "../../config/language/run-statements.ts";
import { Settings } from "../../config/language/settings.ts";
import { Variables } from "../../config/language/variables.ts";
import {
  type EvaluationContext,
  evaluateScopes,
  inOrder,
  type ScopeSources,
  scopesOf,
} from "../../config/model/evaluate.ts";
import type { Scope, ServerConfig } from "../../config/model/model.ts";
import type { TftpPair } from "./crossed-tftp.ts";
import { type Policy, policyOf } from "./policy.ts";
import { type ScopeChain, ScopeChains } from "./scope-chains.ts";
import {
  constantKinds,
  type Dependence,
  more,
  SCOPES_MAX,
  ScopeDependences,
} from "./scope-dependences.ts";
import type { StatementOutput } from "./statement-output.ts";

/** Remembered scope chains: networks times pools times classes times groups. */
const POLICIES_MAX = 4096;
/** Remembered choices of conditions, over all chains. */
const CHOICES_MAX = 4096;
const nobody: EvaluationContext = { packet: undefined, known: false };

/** One step of a scope chain: chains with the same beginning share their nodes. */
interface Node {
  readonly dependence: Dependence;
  readonly next: Map<Scope, Node>;
  /** The policy of the constant statements. */
  policy: Policy | undefined;
  /** The other statements, in their order. */
  actions: readonly Statement[];
  /** Whether some statement may set `min-secs`; undefined until it is asked for. */
  setsMinSeconds: boolean | undefined;
  /** When options depend only on the choices of conditions; undefined until it is asked for. */
  choices: Choices | typeof unknowable | undefined;
}

/** The policies of a chain by the choices of its conditions. */
interface Choices {
  readonly decisions: readonly Decision[];
  readonly start: Choice;
}

/** A choice, and all choices before it. */
interface Choice {
  policy: Policy | undefined;
  /** By the number of the branch that is chosen next. */
  readonly next: (Choice | undefined)[];
}

const unknowable = "unknowable";
const noActions: readonly Statement[] = [];

/**
 * Policies by scope chain. Constant statements are evaluated once and looked up from then on; so are
 * the branches of conditions, when the conditions depend on the packet alone. The rest is evaluated for
 * every packet: only the actions, unless they may read options that are set so far; and the whole chain
 * when its options depend on the packet in another way.
 */
export class PolicyCache {
  readonly #config: ServerConfig;
  readonly #tftpServers: TftpPair | undefined;
  readonly #onOutput: (output: StatementOutput) => void;
  readonly #root: Node = newNode("none");
  readonly #chains = new ScopeChains<Node>();
  readonly #dependences: ScopeDependences;
  readonly #decisions = new Map<Scope, readonly Decision[] | typeof unknowable>();
  /** Limits the work of conditions; nothing is set in it. */
  readonly #deciding: Settings;
  #size = 0;
  #choicesLeft = CHOICES_MAX;

  /** `onOutput` takes the output of `log` and `execute` statements. */
  constructor(
    config: ServerConfig,
    tftpServers?: TftpPair,
    onOutput: (output: StatementOutput) => void = () => undefined,
  ) {
    this.#config = config;
    this.#tftpServers = tftpServers;
    this.#onOutput = onOutput;
    this.#dependences = new ScopeDependences(config.readsSettings);
    this.#deciding = new Settings(config.definitions);
  }

  /** Remembered nodes and choices: bounded, whatever clients come. */
  get size(): number {
    return this.#size + CHOICES_MAX - this.#choicesLeft;
  }

  /** Passes on the statements' output. */
  policyFor(sources: ScopeSources, context: EvaluationContext): Policy {
    return this.#policyAt(this.#chainOf(sources), context, "said");
  }

  /** `min-secs` of the policy; the statements' output is discarded. */
  minSecondsFor(sources: ScopeSources, context: EvaluationContext): number {
    const chain = this.#chainOf(sources);
    const { node } = chain;
    node.setsMinSeconds ??= inOrder(chain.scopes).some((scope) =>
      maySet(scope.statements, "min-secs"),
    );
    return node.setsMinSeconds ? this.#policyAt(chain, context, "unsaid").minSeconds : 0;
  }

  #chainOf(sources: ScopeSources): ScopeChain<Node> {
    const known = this.#chains.find(sources);
    if (known !== undefined) return known;
    const scopes = scopesOf(this.#config, sources);
    return this.#chains.add(sources, scopes, this.#nodeFor(scopes, sources.host !== undefined));
  }

  #policyAt(
    { node, scopes }: ScopeChain<Node>,
    context: EvaluationContext,
    output: "said" | "unsaid",
  ): Policy {
    if (node.dependence === "options") {
      return this.#chosen(node, scopes, context) ?? this.#evaluated(scopes, context, output);
    }
    node.policy ??= this.#constantPolicy(node, scopes);
    return node.dependence === "none" ? node.policy : this.#act(node, node.policy, context, output);
  }

  #evaluated(
    scopes: readonly Scope[],
    context: EvaluationContext,
    output: "said" | "unsaid",
  ): Policy {
    const settings = evaluateScopes(this.#config, scopes, context);
    if (output === "said") this.#say(settings);
    return policyOf(settings, false, this.#tftpServers);
  }

  /** Undefined when the choices do not determine the policy, or too many are remembered. */
  #chosen(node: Node, scopes: readonly Scope[], context: EvaluationContext): Policy | undefined {
    node.choices ??= this.#choicesOf(scopes);
    if (node.choices === unknowable) return undefined;
    this.#deciding.limits.renew();
    const choice = this.#choose(node.choices.decisions, node.choices.start, context);
    if (choice === undefined) return undefined;
    choice.policy ??= this.#policyOfChoice(scopes, context);
    return choice.policy;
  }

  #choicesOf(scopes: readonly Scope[]): Choices | typeof unknowable {
    const decisions: Decision[] = [];
    for (const scope of inOrder(scopes)) {
      const inside = this.#decisionsIn(scope);
      if (inside === unknowable) return unknowable;
      for (const decision of inside) decisions.push(decision);
    }
    return { decisions, start: newChoice() };
  }

  #decisionsIn(scope: Scope): readonly Decision[] | typeof unknowable {
    const known = this.#decisions.get(scope);
    if (known !== undefined) return known;
    const decisions = decisionsOf(scope.statements) ?? unknowable;
    if (this.#decisions.size < SCOPES_MAX) this.#decisions.set(scope, decisions);
    return decisions;
  }

  #choose(
    decisions: readonly Decision[],
    start: Choice,
    context: EvaluationContext,
  ): Choice | undefined {
    let choice: Choice | undefined = start;
    for (const { choose, ways } of decisions) {
      const way = choose(context, this.#deciding);
      choice = this.#next(choice, way);
      if (choice !== undefined) choice = this.#choose(ways[way], choice, context);
      if (choice === undefined) return undefined;
    }
    return choice;
  }

  #next(choice: Choice, way: number): Choice | undefined {
    const known = choice.next[way];
    if (known !== undefined || this.#choicesLeft === 0) return known;
    this.#choicesLeft -= 1;
    const made = newChoice();
    choice.next[way] = made;
    return made;
  }

  #policyOfChoice(scopes: readonly Scope[], context: EvaluationContext): Policy {
    // A shared policy must not see the variables of one client.
    const settings = new Settings(this.#config.definitions);
    for (const scope of inOrder(scopes)) runStatements(scope.statements, context, settings);
    return policyOf(settings, true, this.#tftpServers);
  }

  #constantPolicy(node: Node, scopes: readonly Scope[]): Policy {
    // A shared policy must not see the variables of one client.
    const settings = new Settings(this.#config.definitions);
    const statements = inOrder(scopes).flatMap((scope) => scope.statements);
    const isConstant = ({ kind }: Statement): boolean => constantKinds.has(kind);
    runStatements(statements.filter(isConstant), nobody, settings);
    node.actions = statements.filter((statement) => !isConstant(statement));
    return policyOf(settings, true, this.#tftpServers);
  }

  #act(node: Node, policy: Policy, context: EvaluationContext, output: "said" | "unsaid"): Policy {
    const settings = policy.settings.copyFor(context.variables ?? new Variables());
    runStatements(node.actions, context, settings);
    settings.resolve(context);
    if (output === "said") this.#say(settings);
    // A function may have set options.
    return settings.revision === 0 ? policy : policyOf(settings, false, this.#tftpServers);
  }

  #say(settings: Settings): void {
    const output = settings.takeOutput();
    if (output.messages.length > 0 || output.commands.length > 0) this.#onOutput(output);
  }

  /** The policy with its options evaluated again: see `Settings.refresh`. */
  again(policy: Policy, settings: Settings): Policy {
    const { filename, serverName } = policy;
    // dhcpd evaluates these two earlier, and not again.
    return { ...policyOf(settings, false, this.#tftpServers), filename, serverName };
  }

  /** With `isHostLast` the last scope is a host's. */
  #nodeFor(scopes: readonly Scope[], isHostLast: boolean): Node {
    // There may be more hosts with statements than are remembered: then start afresh.
    if (this.#size >= POLICIES_MAX) {
      this.#root.next.clear();
      this.#chains.clear();
      this.#size = 0;
      this.#choicesLeft = CHOICES_MAX;
    }
    let node = this.#root;
    for (let index = 0; index < scopes.length; index += 1) {
      // Only hosts are merged: two subnets without statements still have different masks.
      const isHost = isHostLast && index === scopes.length - 1;
      const scope = isHost ? speaking(scopes[index]) : scopes[index];
      if (scope === undefined) continue;
      const known = node.next.get(scope);
      if (known !== undefined) {
        node = known;
        continue;
      }
      const made = newNode(more(node.dependence, this.#dependences.of(scope)));
      node.next.set(scope, made);
      this.#size += 1;
      node = made;
    }
    return node;
  }
}

function newNode(dependence: Dependence): Node {
  const next = new Map<Scope, Node>();
  const nothing = { policy: undefined, setsMinSeconds: undefined, choices: undefined };
  return { dependence, next, ...nothing, actions: noActions };
}

function newChoice(): Choice {
  return { policy: undefined, next: [] };
}

/**
 * The nearest scope with a statement: 80,000 hosts without statements of their own have only as many
 * chains as groups.
 */
function speaking(scope: Scope): Scope | undefined {
  let at: Scope | undefined = scope;
  while (at !== undefined && at.statements.length === 0) at = at.parent;
  return at;
}
