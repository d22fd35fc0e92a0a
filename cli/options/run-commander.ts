import { type Command, CommanderError } from "commander";
import { exitStatus } from "./exit-status.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Parses and runs a subcommand. Returns the exit status when the command line itself was the answer
 * or the mistake (help, an unknown option, a bad value), and undefined when the command ran.
 */
export async function runCommander(
  command: Command,
  args: readonly string[],
): Promise<number | undefined> {
  for (const each of [command, ...command.commands]) {
    each.showHelpAfterError(`(${nameOf(each)} --help shows how it is used)`);
  }
  try {
    await command.exitOverride().parseAsync(args, { from: "user" });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitStatus.pass : exitStatus.badUsage;
    }
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${command.name()}: ${error.message}\n`);
    return exitStatus.badUsage;
  }
}

function nameOf(command: Command): string {
  const { parent } = command;
  return parent === null ? command.name() : `${parent.name()} ${command.name()}`;
}
