import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { type DhcpPacket, decodePacket } from "../../protocol/dhcp/packet.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import {
  type ClientMessage,
  clientPacket,
  deviceMac,
} from "../../server/dhcp/decide/engine.testing.ts";
import { bootParametersOf } from "../../simulator/boot/boot-parameters.ts";
import { freePorts } from "../ports.testing.ts";
import { fetchFile, ServingProcess } from "./prov-serve.testing.ts";

// TFTP-2: a pair of nodes, each with all services, that share one dhcpd.conf. On one machine they
// need two ports for DHCP, because the configuration has one address for both.

const firstPort = await freePorts();
const tftpPort = firstPort + 4;
const relay = "127.64.0.1";
const nodes = [
  { name: "node-1", tftp: "127.0.0.11", other: "127.0.0.12", dhcpPort: firstPort },
  { name: "node-2", tftp: "127.0.0.12", other: "127.0.0.11", dhcpPort: firstPort + 2 },
] as const;
type Node = (typeof nodes)[number];

const dhcpdConf = `
local-address 127.0.0.1;
authoritative;
ping-check off;
default-lease-time 600;
subnet 127.64.0.0 netmask 255.255.0.0 {
  range 127.64.0.16 127.64.0.31;
  filename "cm.cfg";
  next-server 127.0.0.12;
  option tftp-server-address 127.0.0.12, 127.0.0.11;
  option tftp-server-name "127.0.0.12";
}
`;

const provYaml = ({ name, tftp, other, dhcpPort }: Node): string => `schema: provlab/prov@1
address: ${tftp}
dhcp:
  config: dhcpd.conf
  leases: ${name}/dhcpd.leases
  port: ${dhcpPort}
  tftpServers: { own: ${tftp}, other: ${other} }
tftp: { root: ${name}/tftp, port: ${tftpPort} }
`;

const folder = mkdtempSync(join(tmpdir(), "provlab-pair-"));
const servers: ServingProcess[] = [];

beforeAll(async () => {
  writeFileSync(join(folder, "dhcpd.conf"), dhcpdConf);
  for (const node of nodes) {
    mkdirSync(join(folder, node.name, "tftp"), { recursive: true });
    writeFileSync(join(folder, node.name, "tftp", "cm.cfg"), `from ${node.name}`);
    writeFileSync(join(folder, node.name, "dhcpd.leases"), "");
    writeFileSync(join(folder, `${node.name}.yaml`), provYaml(node));
    servers.push(await ServingProcess.start(folder, `${node.name}.yaml`, "tftp"));
  }
}, 60_000);

afterAll(() => {
  for (const server of servers) server.kill();
  rmSync(folder, { recursive: true });
});

/** DISCOVER and REQUEST through a relay; the ACK as the device gets it. */
async function bind({ dhcpPort }: Node, device: number): Promise<DhcpPacket> {
  const socket = createSocket("udp4");
  try {
    await new Promise<void>((done) => socket.bind(dhcpPort, relay, done));
    const asked: ClientMessage = { giaddr: relay, mac: deviceMac(device), list: [1, 150, 66] };
    const offer = await exchange(socket, dhcpPort, asked);
    const serverId = formatIpv4(offer.options.getUInt32(OptionCode.serverIdentifier) ?? 0);
    const requested = formatIpv4(offer.yiaddr);
    return await exchange(socket, dhcpPort, { ...asked, type: "request", requested, serverId });
  } finally {
    socket.close();
  }
}

async function exchange(socket: Socket, port: number, message: ClientMessage): Promise<DhcpPacket> {
  socket.send(clientPacket(message).bytes!, port, "127.0.0.1");
  const signal = AbortSignal.timeout(50_000);
  const [bytes] = (await once(socket, "message", { signal })) as [Buffer];
  return decodePacket(Uint8Array.from(bytes));
}

describe("TFTP-2: two nodes with one dhcpd.conf", () => {
  test.each(nodes.map((node, at) => [node.name, node, nodes[1 - at]] as const))(
    "%s names the other's TFTP first, and its own second",
    async (_name, node, otherNode) => {
      const ack = await bind(node, 1);
      const told = ack.options.get(150);
      expect([...(told ?? [])]).toEqual(
        [...node.other.split("."), ...node.tftp.split(".")].map(Number),
      );
      expect(new TextDecoder().decode(ack.options.get(66))).toBe(node.other);
      const { tftpServers, filename } = bootParametersOf(ack);
      expect(tftpServers.map(formatIpv4)).toEqual([node.other, node.tftp]);
      const files = await Promise.all(
        tftpServers.map((server) => fetchFile(formatIpv4(server), tftpPort, filename)),
      );
      expect(files.map((bytes) => new TextDecoder().decode(bytes))).toEqual([
        `from ${otherNode.name}`,
        `from ${node.name}`,
      ]);
    },
  );
});
