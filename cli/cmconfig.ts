import { readFileSync, writeFileSync } from "node:fs";
import { DecodeError } from "../protocol/decode-error.ts";
import { encodeCmConfig } from "../protocol/docsis/cm-config.ts";
import { encodeMtaConfig } from "../protocol/docsis/mta-config.ts";
import { EncodeError } from "../protocol/encode-error.ts";
import { type ConfigSource, formatConfigText, readConfigText } from "./cmconfig-text.ts";
import { exitStatus } from "./options/exit-status.ts";
import { Subcommand } from "./options/subcommand.ts";
import { asUsageError, noSuchFile, UsageError, withFile } from "./options/usage-error.ts";

interface CmconfigOptions {
  readonly output?: string;
  readonly secretFile?: string;
  /** False after `--no-secret`. */
  readonly secret: boolean;
}

/**
 * `prov cmconfig encode|decode`: turns configuration files of cable modems and MTAs from YAML to binary and
 * back. The status is 2 for a file that cannot be read, and for one that a modem, an MTA or a CMTS would refuse.
 */
export async function runCmconfig(args: readonly string[]): Promise<number> {
  const command = new Subcommand("prov cmconfig").description(
    "configuration files of cable modems and MTAs, between YAML and binary",
  );
  command
    .command("encode")
    .description("write the binary file that a YAML file describes, with its MICs or its hash")
    .argument("<settings.yaml>", "the file in YAML, as decode writes it")
    .option("-o, --output <file>", "write here, not to standard output")
    .option("--secret-file <file>", "the secret shared with the CMTS; one newline at its end goes")
    .option("--no-secret", "sign with an empty secret, for a CMTS that has none")
    .action(encode)
    .examples(
      "prov cmconfig encode gold.yaml --secret-file cmts.secret -o gold.cfg",
      "prov cmconfig encode mta.yaml -o mta.bin",
    );
  command
    .command("decode")
    .description("write a binary file as YAML, and tell whether its MICs or its hash are right")
    .argument("<file>", "the binary file")
    .option("-o, --output <file>", "write here, not to standard output")
    .option("--secret-file <file>", "the secret shared with the CMTS, to check the CMTS MIC")
    .option("--no-secret", "check the CMTS MIC with an empty secret")
    .runs(decode)
    .examples("prov cmconfig decode gold.cfg --secret-file cmts.secret");
  return command.examples("prov cmconfig decode gold.cfg -o gold.yaml").run(args);
}

function encode(file: string, options: CmconfigOptions): void {
  const source = readConfigText(file, readFile(file).toString("utf8"));
  const bytes = binaryOf(file, source, options);
  if (options.output === undefined && process.stdout.isTTY) {
    throw new UsageError("the file is binary: write it with --output FILE, or into a pipe");
  }
  write(options.output, bytes);
}

function binaryOf(file: string, source: ConfigSource, options: CmconfigOptions): Uint8Array {
  return asUsageError(EncodeError, `${file}: `, () => {
    if (source.kind === "mta") return encodeMtaConfig(source.tlvs, source.hash);
    const secret = secretOf(options);
    if (secret !== undefined) return encodeCmConfig(source.tlvs, secret);
    throw new UsageError(
      `${file}: the file of a cable modem is signed: give the secret of its CMTS with ` +
        "--secret-file FILE, or --no-secret if it has none",
    );
  });
}

function decode(file: string, options: CmconfigOptions): number {
  const bytes = readFile(file);
  const problem = `${file}: is not a configuration file of a cable modem or an MTA: `;
  const { text, problems } = asUsageError(DecodeError, problem, () =>
    formatConfigText(bytes, secretOf(options)),
  );
  write(options.output, text);
  for (const line of problems) process.stderr.write(`prov cmconfig: ${file}: ${line}\n`);
  return problems.length === 0 ? exitStatus.pass : exitStatus.badUsage;
}

function secretOf({ secretFile, secret }: CmconfigOptions): Uint8Array | undefined {
  if (secretFile === undefined) return secret ? undefined : new Uint8Array();
  if (!secret) throw new UsageError("--secret-file and --no-secret contradict each other");
  const bytes = readFile(secretFile);
  const end = bytes.length - (bytes.at(-1) === 0x0a ? 1 : 0);
  return bytes.subarray(0, end);
}

function readFile(path: string): Buffer {
  return withFile(path, "cannot be read", () => readFileSync(path), noSuchFile);
}

function write(path: string | undefined, content: string | Uint8Array): void {
  if (path === undefined) process.stdout.write(content);
  else withFile(path, "cannot be written", () => writeFileSync(path, content), noSuchFile);
}
