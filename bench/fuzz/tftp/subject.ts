import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { provProgram } from "../../../lab/machine/package-root.ts";
import { loopbackNetwork } from "../../../lab/machine/server-network.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import type { FuzzRequest } from "../campaign/fuzz-request.ts";
import type { FuzzedProtocol } from "../campaign/protocol.ts";
import { openTftpAttack } from "./attack.ts";
import { makeTftpRoot } from "./served-root.ts";

// Without a limit V8 lets garbage stand for a while, which looks like growth for the length of a run. With
// it, real growth ends the server, and the campaign says so.
const heapLimit = "--max-old-space-size=64";

export function tftpSubject({ seed, folder: parent }: FuzzRequest): FuzzedProtocol {
  const folder = join(parent, "tftp");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const root = makeTftpRoot(folder);
  const network = loopbackNetwork();
  const server = { address: network.serverAddress, port: network.ports.relay };
  const configFile = join(folder, "prov.yaml");
  const sections = {
    schema: "provlab/prov@1",
    address: formatIpv4(server.address),
    tftp: { root: root.path, port: server.port },
  };
  // JSON is YAML.
  writeFileSync(configFile, JSON.stringify(sections));
  return {
    server: {
      title: "the bundled TFTP server",
      command: [process.execPath, heapLimit, provProgram, "serve", "-c", configFile],
      environment: {},
      folder,
      port: server.port,
      entersNamespace: false,
    },
    openAttack: () => openTftpAttack({ seed, server, root }),
  };
}
