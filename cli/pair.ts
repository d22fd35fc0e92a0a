import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseIpv4 } from "../protocol/ipv4.ts";
import { CertificateAuthority } from "../server/etcd/edge/certificate-authority.ts";
import { StartError } from "../server/process/start-error.ts";
import { whole } from "./options/options.ts";
import { Subcommand } from "./options/subcommand.ts";
import { asUsageError, UsageError, withFile } from "./options/usage-error.ts";

interface InitOptions {
  readonly node: readonly string[];
  readonly witness: readonly string[];
  readonly days: number;
  readonly out: string;
}

interface Machine {
  readonly name: string;
  readonly addresses: readonly string[];
}

const example = "prov pair init --node a=10.0.0.1 --node b=10.0.0.2 --witness c=10.0.0.3";
const machine = /^([a-z0-9][a-z0-9.-]{0,62})=([0-9.]+(?:,[0-9.]+)*)$/;

/** `prov pair init`: what a warm-standby pair needs before its first start. */
export async function runPair(args: readonly string[]): Promise<number> {
  const command = new Subcommand("prov pair").description("prepare a warm-standby pair");
  command
    .command("init")
    .description("make a pair's certificates and its shared key, a folder for each machine")
    .repeatable("--node <name=address>", "a node, with a member of etcd; give it twice")
    .repeatable("--witness <name=address>", "a machine with a member of etcd alone")
    .value("--days <number>", "how long the certificates are valid", whole(1, 7300), "1825")
    .option("--out <folder>", "where the folders are made", "pair")
    .addHelpText(
      "after",
      `
A machine with several addresses has them one after the other, with commas.
In a folder that has a CA already, the command renews the certificates: the CA
and the shared key stay. It needs the program openssl, 3.0 or later.`,
    )
    .action(init)
    .examples(example);
  return command.examples(example).run(args);
}

function init({ node, witness, days, out }: InitOptions): void {
  if (node.length !== 2) {
    throw new UsageError("a pair has two nodes: give --node name=address twice");
  }
  const machines = [...node, ...witness].map(machineOf);
  const names = machines.map(({ name }) => name);
  const twice = names.find((name, place) => names.indexOf(name) < place);
  if (twice !== undefined) throw new UsageError(`${twice} is named twice: name each machine once`);
  const lines = asUsageError(StartError, "", () =>
    withFile(out, "cannot be written", () => makeAll(out, machines, days)),
  );
  process.stdout.write(`${lines.join("\n")}\n`);
}

function machineOf(text: string): Machine {
  const [, name, list] = machine.exec(text) ?? [];
  const addresses = list?.split(",") ?? [];
  if (name === undefined || addresses.some((address) => parseIpv4(address) === undefined)) {
    throw new UsageError(
      `${text}: write the machine's name in lower case, =, and its IPv4 address: prov01=192.168.10.1`,
    );
  }
  return { name, addresses };
}

/** The first two machines are the nodes. Returns what to tell. */
function makeAll(out: string, machines: readonly Machine[], days: number): string[] {
  makePrivateFolder(out);
  const authority = new CertificateAuthority(out);
  const ca = readFileSync(authority.certificate);
  const key = sharedKey(out, machines.slice(0, 2));
  const lines: string[] = [];
  let validTo = new Date();
  for (const [place, { name, addresses }] of machines.entries()) {
    const issue = (user: "etcd" | "prov", uses: readonly ("serverAuth" | "clientAuth")[]) => {
      const folder = keyFolder(out, name, user);
      makePrivateFolder(folder);
      writePrivate(join(folder, "ca.crt"), ca);
      validTo = authority.issue({ folder, name: user, addresses, days, uses });
      return folder;
    };
    const etcd = issue("etcd", ["serverAuth", "clientAuth"]);
    lines.push(`${etcd}/*  to /etc/provlab/etcd-tls on ${name}, for the user etcd`);
    if (place > 1) continue;
    const prov = issue("prov", ["clientAuth"]);
    writePrivate(join(prov, "ha.key"), key);
    lines.push(`${prov}/*  to /etc/provlab on ${name}, for the user prov`);
  }
  return [
    ...lines,
    `${join(out, "ca.key")}  stays off these machines: it signs the next certificates`,
    `The certificates are valid until ${validTo.toISOString().slice(0, 10)}; docs/ha.md has the next steps.`,
  ];
}

const keyFolder = (out: string, name: string, user: string): string => join(out, name, user);

/** The one that a node's folder has already, so that renewing certificates does not part the nodes. */
function sharedKey(out: string, nodes: readonly Machine[]): string {
  const paths = nodes.map(({ name }) => join(keyFolder(out, name, "prov"), "ha.key"));
  const path = paths.find(existsSync);
  return path === undefined
    ? `${randomBytes(32).toString("base64")}\n`
    : readFileSync(path, "utf8");
}

function makePrivateFolder(path: string): void {
  if (existsSync(path)) return;
  makePrivateFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

function writePrivate(path: string, content: string | Uint8Array): void {
  writeFileSync(path, content, { mode: 0o600 });
  chmodSync(path, 0o600);
}
