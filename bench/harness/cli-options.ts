import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

/** Those of the `prov` command; `found`: a campaign found what must not happen; `invalid`: it could not tell. */
export const exitStatus = { pass: 0, internalError: 1, usage: 2, invalid: 98, found: 99 } as const;

/** One option of a program of the bench: what its text means, and its value when it is left out. */
export interface CliOption<Value> {
  readonly isFlag: boolean;
  /** `text` is undefined when the option is left out; throws Error with the reason of a refusal. */
  readonly read: (text: string | undefined, option: string) => Value;
}

export type CliOptions = Readonly<Record<string, CliOption<unknown>>>;
export type CliValues<Options extends CliOptions> = {
  readonly [Name in keyof Options]: ReturnType<Options[Name]["read"]>;
};

export function flag(): CliOption<boolean> {
  return { isFlag: true, read: (text) => text !== undefined };
}

/** Any text; undefined when it is left out. */
export function text(): CliOption<string | undefined> {
  return { isFlag: false, read: (text) => text };
}

/** A whole number in `min`..`max`; `otherwise` when it is left out. */
export function wholeNumber<Otherwise extends number | undefined>(
  { min, max }: { readonly min: number; readonly max: number },
  otherwise: Otherwise,
): CliOption<number | Otherwise> {
  return {
    isFlag: false,
    read: (text, option) => {
      if (text === undefined) return otherwise;
      const value = Number(text);
      if (/^\d+$/.test(text) && value >= min && value <= max) return value;
      throw new Error(`${option} ${text}: give a whole number from ${min} to ${max}`);
    },
  };
}

/** Some of `names`, with commas between them; undefined, for all, when it is left out. */
export function listOf<Name extends string>(
  what: string,
  names: readonly Name[],
): CliOption<readonly Name[] | undefined> {
  return {
    isFlag: false,
    read: (text, option) => text?.split(",").map((name) => nameIn(names, name, what, option)),
  };
}

/** One of `names`; undefined when it is left out. */
export function oneOf<Name extends string>(
  what: string,
  names: readonly Name[],
): CliOption<Name | undefined> {
  return {
    isFlag: false,
    read: (text, option) => (text === undefined ? text : nameIn(names, text, what, option)),
  };
}

function nameIn<Name extends string>(
  names: readonly Name[],
  text: string,
  what: string,
  option: string,
): Name {
  const name = names.find((known) => known === text);
  if (name !== undefined) return name;
  throw new Error(`${option}: there is no ${what} "${text}"; there are ${names.join(", ")}`);
}

/** Throws Error for an option that is unknown or refused, and says why. */
export function parseOptions<Options extends CliOptions>(
  args: readonly string[],
  options: Options,
): CliValues<Options> {
  const entries = Object.entries(options);
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      entries.map(([name, { isFlag }]) => [name, { type: isFlag ? "boolean" : "string" } as const]),
    ),
  });
  const read = entries.map(([name, option]) => {
    const given = values[name];
    return [name, option.read(typeof given === "boolean" ? "" : given, `--${name}`)];
  });
  return Object.fromEntries(read) as CliValues<Options>;
}

export interface BenchProgram<Options extends CliOptions> {
  readonly name: string;
  readonly usage: string;
  /** Beside `--help` and `--out`, which all have. */
  readonly options: Options;
  /** Below `runs/`, unless --out says otherwise. */
  readonly folder: string;
}

/**
 * Parses the command line and runs the program with its folder made, until SIGINT or SIGTERM aborts
 * the signal. Returns the exit status.
 */
export async function runProgram<Options extends CliOptions>(
  program: BenchProgram<Options>,
  run: (values: CliValues<Options>, folder: string, signal: AbortSignal) => Promise<number>,
  args: readonly string[] = process.argv.slice(2),
): Promise<number> {
  const out: CliOption<string> = {
    isFlag: false,
    read: (text) => resolve(text ?? join("runs", program.folder)),
  };
  let values: CliValues<Options>;
  let common: { readonly help: boolean; readonly out: string };
  try {
    const options = { ...program.options, help: flag(), out };
    const parsed = parseOptions(args, options);
    values = parsed as unknown as CliValues<Options>;
    common = parsed as unknown as typeof common;
  } catch (error) {
    process.stderr.write(`${program.name}: ${(error as Error).message}\n${program.usage}`);
    return exitStatus.usage;
  }
  if (common.help) {
    process.stdout.write(program.usage);
    return exitStatus.pass;
  }
  const abort = new AbortController();
  const interrupt = (): void => abort.abort(new Error("interrupted"));
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  mkdirSync(common.out, { recursive: true });
  return run(values, common.out, abort.signal);
}

export function tellProgress(line: string): void {
  process.stderr.write(`${line}\n`);
}
