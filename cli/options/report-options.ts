import { type FormatName, filedFormats, formatNames } from "../../reports/formats.ts";
import { UsageError } from "./usage-error.ts";

/** `--report`: names and commas, `all` or `none`. Results are written as JSON whatever it says. */
export function parseFormats(text: string): FormatName[] {
  if (text === "all") return [...filedFormats];
  const names = text === "none" ? [] : text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !formatNames.some((known) => known === name));
  if (unknown !== undefined) {
    throw new UsageError(
      `--report: "${unknown}" is no format; there are ${formatNames.join(", ")}, all and none`,
    );
  }
  return formatNames.filter((name) => name === "json" || names.includes(name));
}

/** What was typed, quoted for a POSIX shell, and the seed where it came from the scenario. */
export function commandLine(args: readonly string[], seed: number): string {
  const hasSeed = args.some((arg) => arg === "--seed" || arg.startsWith("--seed="));
  const words = ["prov", "run", ...args, ...(hasSeed ? [] : ["--seed", String(seed)])];
  return words.map(quoted).join(" ");
}

/** A word as a POSIX shell reads it back. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Colours are for a terminal, and for those who did not set NO_COLOR (no-color.org). */
export function hasColours(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}
