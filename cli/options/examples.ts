import type { Command } from "commander";

/** Ends the help of a command with lines to copy: each one is a whole command. */
export function addExamples(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText(
    "after",
    `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`,
  );
}
