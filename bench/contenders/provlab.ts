import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageVersion, provProgram } from "../../lab/machine/package-root.ts";
import type { DhcpContender, DhcpLaunch, DhcpSetting } from "./dhcp-contender.ts";
import { writeDhcpdFiles } from "./dhcpd-files.ts";

/** Another build of the server than this package's, or flags for its Node. */
export interface ProvlabBuild {
  /** The compiled `cli/main.js`. */
  readonly program: string;
  /** For Node, before the program. */
  readonly nodeFlags: readonly string[];
}

const ownBuild: ProvlabBuild = { program: provProgram, nodeFlags: [] };

/** The bundled server as `prov run` starts it, with one of its two sockets. */
export function provlab(backend: "batch" | "dgram", build = ownBuild): DhcpContender {
  return {
    id: `provlab-${backend}`,
    name: backend === "batch" ? "Provlab" : "Provlab, portable socket",
    durability: "fsync before every ACK, one a batch",
    settings: "the workload's dhcpd.conf",
    firstRate: backend === "batch" ? 20_000 : 8000,
    needsInterface: false,
    version: packageVersion,
    prepare: (setting) => prepare(setting, { backend, build }),
  };
}

/** Latency without the wait for the disk, to be compared with Kea's memfile. */
export const provlabUnsynced: DhcpContender = {
  ...provlab("batch"),
  id: "provlab-unsynced",
  name: "Provlab, dont-use-fsync",
  durability: "none: written before the ACK, never synced",
  settings: "the workload's dhcpd.conf with `dont-use-fsync true`",
  prepare: (setting) => prepare(setting, { statements: "dont-use-fsync true;\n" }),
};

/** Its first second is that of code which is not compiled yet. */
export const provlabCold: DhcpContender = {
  ...provlab("batch"),
  id: "provlab-cold",
  name: "Provlab, --no-warm-up",
  settings: "the workload's dhcpd.conf; started with --no-warm-up",
  prepare: (setting) => prepare(setting, { flags: ["--no-warm-up"] }),
};

/** Either of two disks may stand still. */
export const provlabTwoFiles: DhcpContender = {
  ...provlab("batch"),
  id: "provlab-two-files",
  name: "Provlab, two lease files",
  durability: "fsync of one of two files before every ACK, one a batch",
  settings: "the workload's dhcpd.conf; `leases` in prov.yaml names two files",
  prepare: prepareTwoFiles,
};

interface Variant {
  readonly backend?: "batch" | "dgram";
  readonly build?: ProvlabBuild;
  /** At the head of the configuration. */
  readonly statements?: string;
  /** For `prov dhcpd`. */
  readonly flags?: readonly string[];
}

function prepare(setting: DhcpSetting, variant: Variant): DhcpLaunch {
  const { backend = "batch", build = ownBuild, statements = "", flags = [] } = variant;
  const { serverAddress: localAddress, ports } = setting.network;
  const { config, leases: leaseFile } = writeDhcpdFiles(setting, { localAddress, statements });
  const files = ["-cf", config, "-lf", leaseFile];
  return {
    command: [
      process.execPath,
      ...build.nodeFlags,
      build.program,
      ...["dhcpd", "-d", "-q", "--no-pid", "-p", String(ports.relay), ...files, ...flags],
    ],
    environment: { PROVLAB_SOCKET: backend === "dgram" ? "dgram" : "" },
    ...{ leaseFile, leaseFormat: "isc" },
  };
}

function prepareTwoFiles(setting: DhcpSetting): DhcpLaunch {
  const { serverAddress: localAddress, ports } = setting.network;
  const { config, leases: leaseFile } = writeDhcpdFiles(setting, { localAddress });
  const second = join(setting.folder, "second.leases");
  writeFileSync(second, "");
  const file = join(setting.folder, "prov.yaml");
  const dhcp = { config, leases: [leaseFile, second], port: ports.relay };
  writeFileSync(file, JSON.stringify({ schema: "provlab/prov@1", dhcp }));
  return {
    command: [process.execPath, provProgram, "serve", "-c", file],
    environment: {},
    ...{ leaseFile, leaseFormat: "isc" },
  };
}
