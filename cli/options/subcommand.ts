import { Command, CommanderError, Option } from "commander";
import { exitStatus } from "./exit-status.ts";
import { collect, type OptionValue, parserOf } from "./options.ts";
import { UsageError } from "./usage-error.ts";

/** A command of `prov`, or a part of one such as `prov scenario check`. */
export class Subcommand extends Command {
  #status: number = exitStatus.pass;

  constructor(name?: string) {
    super(name);
    this.exitOverride();
  }

  override createCommand(name?: string): Subcommand {
    return new Subcommand(name);
  }

  /** Ends the help with lines to copy: each one is a whole command. */
  examples(...lines: readonly string[]): this {
    return this.addHelpText("after", `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`);
  }

  /** Adds an option with a value of its own kind. The default is written as a user would type it. */
  value<T>(flags: string, description: string, value: OptionValue<T>, otherwise?: string): this {
    const option = new Option(flags, description);
    const parse = parserOf(option.long!, value);
    if (otherwise !== undefined) option.default(parse(otherwise), otherwise);
    return this.addOption(option.argParser(parse));
  }

  /** Adds an option whose value is one of a few words. */
  choice(flags: string, description: string, words: readonly string[], otherwise?: string): this {
    return this.addOption(new Option(flags, description).choices(words).default(otherwise));
  }

  /** Adds an option that may be given several times. */
  repeatable(flags: string, description: string): this {
    return this.addOption(new Option(flags, description).argParser(collect).default([], "none"));
  }

  /** Sets what the command does. The action returns the exit status. */
  runs<Args extends unknown[]>(action: (...args: Args) => number | Promise<number>): this {
    return this.action(async (...args) => {
      const root = this.parent instanceof Subcommand ? this.parent : this;
      root.#status = await action(...(args as unknown[] as Args));
    });
  }

  /**
   * Parses the arguments, runs the action and returns the exit status. Writes a mistake in the command line,
   * or the action's UsageError, to standard error.
   */
  async run(args: readonly string[]): Promise<number> {
    for (const each of [this, ...this.commands]) {
      each.showHelpAfterError(`(${nameOf(each)} --help shows how it is used)`);
    }
    try {
      await this.parseAsync(args, { from: "user" });
      return this.#status;
    } catch (error) {
      if (error instanceof CommanderError) {
        return error.exitCode === 0 ? exitStatus.pass : exitStatus.badUsage;
      }
      if (!(error instanceof UsageError)) throw error;
      process.stderr.write(`${this.name()}: ${error.message}\n`);
      return exitStatus.badUsage;
    }
  }
}

function nameOf(command: Command): string {
  const { parent } = command;
  return parent === null ? command.name() : `${parent.name()} ${command.name()}`;
}
