import { type Command, Option } from "commander";
import {
  type EtcdUserAccess,
  readEtcdPassword,
  readEtcdTls,
} from "../../../server/etcd/edge/etcd-access.ts";
import { StartError } from "../../../server/process/start-error.ts";
import { asUsageError, UsageError } from "../../options/usage-error.ts";

/** Options of `addEtcdOptions` and `etcdOption`, by commander's names. */
export interface EtcdOptions {
  readonly etcd?: readonly string[];
  readonly etcdCa?: string;
  readonly etcdCertificate?: string;
  readonly etcdKey?: string;
  readonly etcdUser?: string;
  readonly etcdPasswordFile?: string;
}

export function etcdOption(description: string): Option {
  return new Option("--etcd <endpoints>", description).argParser(parseEndpoints);
}

/** Adds the options for TLS and credentials, named as in `ha.etcd` of a prov.yaml. */
export function addEtcdOptions(command: Command): void {
  const options: readonly (readonly [flags: string, description: string, variable: string])[] = [
    ["--etcd-ca <file>", "who signed etcd's certificates, in PEM", "PROVLAB_ETCD_CA"],
    ["--etcd-certificate <file>", "shown to etcd, in PEM", "PROVLAB_ETCD_CERTIFICATE"],
    ["--etcd-key <file>", "of that certificate; only its owner may read it", "PROVLAB_ETCD_KEY"],
    ["--etcd-user <name>", "a user of etcd", "PROVLAB_ETCD_USER"],
    [
      "--etcd-password-file <file>",
      "with the user's password; only its owner may read it",
      "PROVLAB_ETCD_PASSWORD_FILE",
    ],
  ];
  for (const [flags, description, variable] of options) {
    command.addOption(new Option(flags, description).env(variable));
  }
}

/** Throws UsageError for options that do not go together, and for files that cannot be used. */
export function etcdAccessOf(options: EtcdOptions): EtcdUserAccess {
  const { etcd: endpoints = [], etcdCa: ca, etcdCertificate: certificate, etcdKey: key } = options;
  const { etcdUser: user, etcdPasswordFile: passwordFile } = options;
  const tls = allOrNone("--etcd-ca, --etcd-certificate and --etcd-key", { ca, certificate, key });
  const credentials = allOrNone("--etcd-user and --etcd-password-file", { user, passwordFile });
  const scheme = tls === undefined ? "http" : "https";
  const other = endpoints.find((each) => !each.startsWith(`${scheme}:`));
  if (other !== undefined) {
    throw new UsageError(
      tls === undefined
        ? `--etcd: ${other} needs certificates: give --etcd-ca, --etcd-certificate and --etcd-key`
        : `--etcd: ${other} must be https, because --etcd-ca is given`,
    );
  }
  asUsageError(StartError, "", () => {
    if (tls !== undefined) readEtcdTls(tls);
    if (credentials !== undefined) readEtcdPassword(credentials);
  });
  return { endpoints, tls, credentials };
}

/** What to tell at the start when anybody on the way can read and change what etcd is told; undefined otherwise. */
export function clearTextWarning({ endpoints, tls }: EtcdUserAccess): string | undefined {
  const isLocal = endpoints.every((each) => /^http:\/\/(127(\.\d+){3}|localhost):/.test(each));
  if (tls !== undefined || isLocal) return undefined;
  return "etcd is reached without certificates: others on the way can read and spoil the runs (docs/distributed.md)";
}

function allOrNone<Name extends string>(
  options: string,
  values: Readonly<Record<Name, string | undefined>>,
): Readonly<Record<Name, string>> | undefined {
  const given = Object.values(values).filter((value) => value !== undefined).length;
  if (given === 0) return undefined;
  if (given === Object.keys(values).length) return values as Record<Name, string>;
  throw new UsageError(`${options} go together`);
}

/** Parses `http://host:2379`, or several of them with commas. Throws UsageError. */
function parseEndpoints(text: string): readonly string[] {
  const endpoints = text.split(",").map((each) => each.trim());
  const wrong = endpoints.find((each) => !/^https?:\/\/[^/\s:]+:\d+$/.test(each));
  if (wrong === undefined) return endpoints;
  throw new UsageError(`--etcd: "${wrong}" is no endpoint: write http://127.0.0.1:2379`);
}
