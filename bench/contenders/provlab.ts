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
    prepare: (setting) => prepare(setting, { backend, build, statements: "" }),
  };
}

/** Latency without the wait for the disk, to be compared with Kea's memfile. */
export const provlabUnsynced: DhcpContender = {
  ...provlab("batch"),
  id: "provlab-unsynced",
  name: "Provlab, dont-use-fsync",
  durability: "none: written before the ACK, never synced",
  settings: "the workload's dhcpd.conf with `dont-use-fsync true`",
  prepare: (setting) =>
    prepare(setting, {
      ...{ backend: "batch", build: ownBuild, statements: "dont-use-fsync true;\n" },
    }),
};

function prepare(
  setting: DhcpSetting,
  { backend, build, statements }: { backend: string; build: ProvlabBuild; statements: string },
): DhcpLaunch {
  const { serverAddress: localAddress, ports } = setting.network;
  const { config, leases: leaseFile } = writeDhcpdFiles(setting, { localAddress, statements });
  const flags = ["-d", "-q", "--no-pid", "-p", String(ports.relay), "-cf", config];
  return {
    command: [
      process.execPath,
      ...build.nodeFlags,
      build.program,
      "dhcpd",
      ...flags,
      "-lf",
      leaseFile,
    ],
    environment: { PROVLAB_SOCKET: backend === "dgram" ? "dgram" : "" },
    ...{ leaseFile, leaseFormat: "isc" },
  };
}
