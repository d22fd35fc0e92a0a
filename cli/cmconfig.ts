import { readFileSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { DecodeError } from "../protocol/decode-error.ts";
import { encodeCmConfig } from "../protocol/docsis/cm-config.ts";
import { encodeMtaConfig } from "../protocol/docsis/mta-config.ts";
import { EncodeError } from "../protocol/encode-error.ts";
import { type ConfigSource, formatConfigText, readConfigText } from "./cmconfig-text.ts";
import { addExamples } from "./options/examples.ts";
import { exitStatus } from "./options/exit-status.ts";
import { runCommander } from "./options/run-commander.ts";
import { UsageError } from "./options/usage-error.ts";

interface CmconfigOptions {
  readonly output?: string;
  readonly secretFile?: string;
  /** False after `--no-secret`. */
  readonly secret: boolean;
}

/**
 * `prov cmconfig encode|decode`: configuration files of cable modems and MTAs between YAML and
 * binary. The status is 2 for a file that cannot be read, and for one that decodes but that a modem,
 * an MTA or a CMTS would refuse.
 */
export async function runCmconfig(args: readonly string[]): Promise<number> {
  let status: number = exitStatus.pass;
  // Subcommands inherit what their parent has when they are added.
  const command = new Command("prov cmconfig")
    .description("configuration files of cable modems and MTAs, between YAML and binary")
    .exitOverride();
  const encoding = command
    .command("encode")
    .description("write the binary file that a YAML file describes, with its MICs or its hash")
    .argument("<settings.yaml>", "the file in YAML, as decode writes it")
    .option("-o, --output <file>", "write here, not to standard output")
    .option("--secret-file <file>", "the secret shared with the CMTS; one newline at its end goes")
    .option("--no-secret", "sign with an empty secret, for a CMTS that has none")
    .action((file: string, options: CmconfigOptions) => encode(file, options));
  const decoding = command
    .command("decode")
    .description("write a binary file as YAML, and tell whether its MICs or its hash are right")
    .argument("<file>", "the binary file")
    .option("-o, --output <file>", "write here, not to standard output")
    .option("--secret-file <file>", "the secret shared with the CMTS, to check the CMTS MIC")
    .option("--no-secret", "check the CMTS MIC with an empty secret")
    .action((file: string, options: CmconfigOptions) => {
      status = decode(file, options);
    });
  addExamples(
    encoding,
    "prov cmconfig encode gold.yaml --secret-file cmts.secret -o gold.cfg",
    "prov cmconfig encode mta.yaml -o mta.bin",
  );
  addExamples(decoding, "prov cmconfig decode gold.cfg --secret-file cmts.secret");
  addExamples(command, "prov cmconfig decode gold.cfg -o gold.yaml");
  return (await runCommander(command, args)) ?? status;
}

function encode(file: string, options: CmconfigOptions): void {
  const reading = readConfigText(file, readFile(file).toString("utf8"));
  if (reading.kind === "failed") throw new UsageError(reading.messages.join("\n"));
  const bytes = binaryOf(file, reading.source, options);
  if (options.output === undefined && process.stdout.isTTY) {
    throw new UsageError("the file is binary: write it with --output FILE, or into a pipe");
  }
  write(options.output, bytes);
}

function binaryOf(file: string, source: ConfigSource, options: CmconfigOptions): Uint8Array {
  try {
    if (source.kind === "mta") return encodeMtaConfig(source.tlvs, source.hash);
    const secret = secretOf(options);
    if (secret !== undefined) return encodeCmConfig(source.tlvs, secret);
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
    throw new UsageError(`${file}: ${error.message}`, { cause: error });
  }
  throw new UsageError(
    `${file}: the file of a cable modem is signed: give the secret of its CMTS with ` +
      "--secret-file FILE, or --no-secret if it has none",
  );
}

function decode(file: string, options: CmconfigOptions): number {
  const bytes = readFile(file);
  try {
    const { text, problems } = formatConfigText(bytes, secretOf(options));
    write(options.output, text);
    for (const problem of problems) process.stderr.write(`prov cmconfig: ${file}: ${problem}\n`);
    return problems.length === 0 ? exitStatus.pass : exitStatus.badUsage;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new UsageError(
      `${file}: is not a configuration file of a cable modem or an MTA: ${error.message}`,
      { cause: error },
    );
  }
}

function secretOf({ secretFile, secret }: CmconfigOptions): Uint8Array | undefined {
  if (secretFile === undefined) return secret ? undefined : new Uint8Array();
  if (!secret) throw new UsageError("--secret-file and --no-secret contradict each other");
  const bytes = readFile(secretFile);
  const end = bytes.length - (bytes.at(-1) === 0x0a ? 1 : 0);
  return bytes.subarray(0, end);
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`${path}: ${reasonOf(error, "cannot be read")}`, { cause: error });
  }
}

function write(path: string | undefined, content: string | Uint8Array): void {
  if (path === undefined) {
    process.stdout.write(content);
    return;
  }
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw new UsageError(`${path}: ${reasonOf(error, "cannot be written")}`, { cause: error });
  }
}

function reasonOf(error: unknown, otherwise: string): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" ? "there is no such file or folder" : `${otherwise} (${code})`;
}
