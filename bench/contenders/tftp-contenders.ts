import { accessSync, constants, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { packageVersion, provCommand } from "../../lab/machine/package-root.ts";
import { firstLineOf, searchPath } from "../../lab/machine/peer-program.ts";
import type { ServerContender } from "./contender.ts";

/** A TFTP server that takes part. */
export type TftpContender = ServerContender<TftpSetting>;

export interface TftpSetting {
  /** Absolute, existing, this contender's own. */
  readonly folder: string;
  /** The files to serve, readable by everybody. */
  readonly root: string;
  readonly address: string;
  readonly port: number;
}

/** Transfers at once, and what each needs of the system: more than any load of the bench. */
const TRANSFERS_MAX = 2000;
const OPEN_FILES_MAX = 4096;

/** Debian's atftpd and tftpd-hpa exclude each other, so one of them may be unpacked apart. */
const peerPath = `${searchPath}${delimiter}/opt/provlab-peers/usr/sbin`;

/** The program with its path, or its bare name when it is nowhere to be found. */
function programOf(name: string): string {
  const folder = peerPath.split(delimiter).find((place) => {
    try {
      accessSync(join(place, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return folder === undefined ? name : join(folder, name);
}

function versionOf(name: string, flag: string, pattern: RegExp): string {
  const line = firstLineOf(programOf(name), flag);
  const version = pattern.exec(line)?.[1];
  if (version === undefined) throw new Error(`${name} ${flag} says "${line}"`);
  return version;
}

const provlab: TftpContender = {
  id: "provlab",
  name: "Provlab",
  settings: "`prov serve` with TFTP alone, as it comes",
  needsInterface: false,
  version: packageVersion,
  prepare: ({ folder, root, address, port }) => {
    const config = join(folder, "prov.yaml");
    const lines = [
      "schema: provlab/prov@1",
      `address: ${address}`,
      `tftp: { root: ${JSON.stringify(root)}, port: ${port} }`,
    ];
    writeFileSync(config, `${lines.join("\n")}\n`);
    return { command: provCommand("serve", "-c", config), environment: {} };
  },
};

const dnsmasq: TftpContender = {
  id: "dnsmasq",
  name: "dnsmasq",
  settings: `no DNS, \`--tftp-max=${TRANSFERS_MAX}\` instead of 50, routine not logged`,
  // It takes no other port than 69.
  needsInterface: true,
  version: () => versionOf("dnsmasq", "--version", /version (\S+)/),
  prepare: ({ root, address }) => ({
    command: [
      // It cuts the transfers down to the files that it may open.
      ...["prlimit", `--nofile=${OPEN_FILES_MAX}`, programOf("dnsmasq")],
      ...["--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root"],
      ...["--port=0", `--listen-address=${address}`, "--bind-interfaces"],
      ...["--enable-tftp", `--tftp-root=${root}`, `--tftp-max=${TRANSFERS_MAX}`],
      ...["--quiet-tftp", "--log-facility=-"],
    ],
    environment: { PATH: peerPath },
  }),
};

const tftpdHpa: TftpContender = {
  id: "tftpd-hpa",
  name: "tftpd-hpa",
  settings: "`--listen --secure`, a process for each transfer",
  needsInterface: false,
  version: () => versionOf("in.tftpd", "-V", /^tftp-hpa ([^\s,]+)/),
  prepare: ({ root, address, port }) => ({
    command: [
      ...[programOf("in.tftpd"), "--foreground", "--ipv4", "--address", `${address}:${port}`],
      ...["--secure", root],
    ],
    environment: { PATH: peerPath },
  }),
};

const atftpd: TftpContender = {
  id: "atftpd",
  name: "atftpd",
  settings: `a thread for each transfer, \`--maxthread ${TRANSFERS_MAX}\` instead of 100, warnings logged`,
  needsInterface: false,
  version: () => versionOf("atftpd", "--version", /^atftp-(\S+)/),
  prepare: ({ root, address, port }) => ({
    command: [
      ...["prlimit", `--nofile=${2 * OPEN_FILES_MAX}`, programOf("atftpd")],
      ...["--daemon", "--no-fork", "--user", "root.root", "--logfile", "-", "--verbose=4"],
      ...["--bind-address", address, "--port", String(port), "--maxthread", String(TRANSFERS_MAX)],
      root,
    ],
    environment: { PATH: peerPath },
  }),
};

/** In the order of the table. */
export const tftpContenders: readonly TftpContender[] = [provlab, dnsmasq, tftpdHpa, atftpd];
