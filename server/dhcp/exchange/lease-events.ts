import { type Fragment, parseLeaseEvent } from "../../config/grammar/lease-fragments.ts";
import type { LeaseEvent, OnEvent } from "../../config/language/program.ts";
import { Settings } from "../../config/language/settings.ts";
import { type EvaluationContext, runEvent } from "../../config/model/evaluate.ts";
import type { ServerConfig } from "../../config/model/model.ts";
import type { StatementOutput } from "../policy/statement-output.ts";

/** Parsed texts that are remembered; usually there are as many as `on` statements. */
const TEXTS_MAX = 1024;

const nothingKept: readonly string[] = [];

/**
 * `on release` and `on expiry` of leases. A lease keeps their text, in the lease file too: the statements
 * that it was given with run when it ends, even if the configuration has changed.
 */
export class LeaseEvents {
  readonly #config: ServerConfig;
  readonly #output: (output: StatementOutput) => void;
  readonly #read = new Map<string, Fragment<OnEvent>>();

  constructor(config: ServerConfig, output: (output: StatementOutput) => void) {
    this.#config = config;
    this.#output = output;
  }

  /** Runs the statements that the lease keeps for the event; false when there are none. */
  run(kept: readonly string[], event: LeaseEvent, context: EvaluationContext): boolean {
    const statement = this.#statementOf(kept, event);
    if (statement === undefined) return false;
    const settings = new Settings(this.#config.definitions, context.variables);
    settings.variables.declareFunctions(this.#config.matching.variables);
    settings.setEvent(event, statement);
    this.#output(runEvent(settings, event, context));
    return true;
  }

  /** The lease's last statement for the event. */
  #statementOf(kept: readonly string[], event: LeaseEvent): OnEvent | undefined {
    let found: OnEvent | undefined;
    for (const text of kept) {
      const read = this.#fragmentOf(text);
      if (read.kind === "ok" && read.part.events.includes(event)) found = read.part;
    }
    return found === undefined || found.statements.length === 0 ? undefined : found;
  }

  #fragmentOf(text: string): Fragment<OnEvent> {
    const known = this.#read.get(text);
    if (known !== undefined) return known;
    const read = parseLeaseEvent(this.#config, text);
    if (read.kind === "failed") this.#tell(text, read.message);
    if (this.#read.size >= TEXTS_MAX) this.#read.clear();
    this.#read.set(text, read);
    return read;
  }

  #tell(text: string, message: string): void {
    const said = `A lease's "${text.slice(0, 60)}" is passed over: ${message}`;
    this.#output({ messages: [{ priority: "error", text: said }], commands: [] });
  }
}

/** The texts that a lease keeps when it is given with these settings; `before` are its present ones. */
export function keptEvents(settings: Settings, before: readonly string[]): readonly string[] {
  const expiry = settings.onEvent("expiry");
  const release = settings.onEvent("release");
  if (expiry === undefined && release === undefined) return before;
  if (expiry === release) return keptText("expiry or release", expiry);
  return [...keptText("expiry", expiry), ...keptText("release", release)];
}

function keptText(events: string, statement: OnEvent | undefined): readonly string[] {
  if (statement === undefined || statement.statements.length === 0) return nothingKept;
  return [`on ${events} ${statement.text}`];
}
