import { Option } from "commander";
import { type FormatName, filedFormats, formatNames } from "../../reports/formats.ts";
import { quoted } from "../../reports/text/format.ts";
import { type Paint, plainText, terminalColours } from "../../reports/text/text-lines.ts";
import { UsageError } from "./usage-error.ts";

/** `--report`: which formats a run is written in, all if nothing is said. */
export function reportOption(description: string): Option {
  return new Option("--report <formats>", description)
    .argParser(parseFormats)
    .default(filedFormats, "all");
}

/** Parses `--report`: names with commas, `all` or `none`. JSON is always one of the formats. */
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

/** The command as a POSIX shell reads it, with the seed even if the scenario gave it. */
export function commandLine(words: readonly string[], seed: number): string {
  const hasSeed = words.some((word) => word === "--seed" || word.startsWith("--seed="));
  return [...words, ...(hasSeed ? [] : ["--seed", String(seed)])].map(quoted).join(" ");
}

/** Colours on a terminal, unless the environment forbids them. */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  return hasColours(stream, process.env) ? terminalColours : plainText;
}

/** Only a terminal has colours, and not if NO_COLOR is set (no-color.org). */
export function hasColours(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}
