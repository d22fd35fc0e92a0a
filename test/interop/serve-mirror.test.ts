import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../base/net/kernel/libc.ts";
import { type DhcpPacket, decodePacket } from "../../protocol/dhcp/packet.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { clientPacket, deviceMac } from "../../server/dhcp/decide/engine.testing.ts";
import { bootParametersOf } from "../../simulator/boot/boot-parameters.ts";
import { fetchBlock, fetchFile, ServingProcess } from "../loopback/prov-serve.testing.ts";
import { freePorts } from "../ports.testing.ts";
import { prov } from "../prov-command.testing.ts";
import { EtcdCluster, etcdMissingReason } from "./etcd-cluster.testing.ts";

// A pair as an operator runs it, with TFTP on both nodes: whichever of them a device is sent to has the
// same files, before and after the service has moved.

const dhcpPort = await freePorts();
const tftpPort = dhcpPort + 2;
const heartbeatPort = dhcpPort + 3;
const relay = "127.72.0.1";
const nodes = [
  { name: "prov01", address: "127.0.72.1" },
  { name: "prov02", address: "127.0.72.2" },
] as const;
type Side = 0 | 1;
const waitMsMax = 90_000;
const patience = { timeout: waitMsMax, interval: 500 };

const dhcpdConf = (side: Side): string => `authoritative; ping-check false;
local-address ${nodes[side].address}; default-lease-time 600;
subnet 127.72.0.0 netmask 255.255.0.0 {
  range 127.72.1.0 127.72.1.255;
  filename "cm.cfg";
  next-server 127.0.72.1;
}
`;

const folder = mkdtempSync(join(tmpdir(), "provlab-serve-mirror-"));
const running: (ServingProcess | undefined)[] = [];
let cluster: EtcdCluster;

const rootOf = (side: Side): string => join(folder, nodes[side].name, "tftp");
const put = (side: Side, name: string, text: string): void =>
  writeFileSync(join(rootOf(side), name), text);

function configure(side: Side): void {
  const { name, address } = nodes[side];
  const peerAddress = nodes[1 - side].address;
  mkdirSync(rootOf(side), { recursive: true });
  writeFileSync(join(folder, name, "dhcpd.conf"), dhcpdConf(side));
  writeFileSync(join(folder, name, "dhcpd.leases"), "");
  writeFileSync(join(folder, name, "ha.key"), "what both nodes know", { mode: 0o600 });
  const file = {
    schema: "provlab/prov@1",
    address,
    dhcp: {
      config: "dhcpd.conf",
      leases: "dhcpd.leases",
      port: dhcpPort,
      tftpServers: { own: address, other: peerAddress },
    },
    tftp: { root: "tftp", port: tftpPort },
    ha: {
      nodes: nodes.map((node) => node.name),
      node: name,
      links: [{ address, peerAddress, port: heartbeatPort }],
      profile: "fast",
      keyFile: "ha.key",
      etcd: { endpoints: cluster.endpoints, prefix: "/provlab/serve-mirror/" },
      mirror: { interval: "200 ms" },
    },
  };
  writeFileSync(join(folder, name, "prov.yaml"), JSON.stringify(file));
}

async function start(side: Side): Promise<void> {
  running[side] = await ServingProcess.start(join(folder, nodes[side].name), "prov.yaml", "mirror");
}

const fetch = async (side: Side, name: string): Promise<string> =>
  new TextDecoder().decode(await fetchFile(nodes[side].address, tftpPort, name));

/** A command of the operator on that node. */
const order = (side: Side, command: "status" | "failback") =>
  spawnSync(process.execPath, [prov, command, "-c", "prov.yaml"], {
    cwd: join(folder, nodes[side].name),
    encoding: "utf8",
  });

/** Waits until the TFTP server of that node serves this. */
async function untilServed(side: Side, name: string, text: string): Promise<void> {
  const served = async (): Promise<void> => {
    const answer = await fetchBlock(nodes[side].address, tftpPort, name);
    const found = answer.kind === "data" ? new TextDecoder().decode(answer.bytes) : answer.kind;
    expect(found, running.map((node) => node?.said).join("\n---\n")).toBe(text);
  };
  await vi.waitFor(served, { timeout: waitMsMax, interval: 100 });
}

/** The OFFER of whichever node serves; asks both again and again, as a CMTS does. */
async function discover(device: number): Promise<{ offer: DhcpPacket; from: string }> {
  const socket = createSocket("udp4");
  await new Promise<void>((done) => socket.bind(dhcpPort, relay, done));
  const { bytes } = clientPacket({ giaddr: relay, mac: deviceMac(device), list: [1, 150, 66] });
  const ask = (): void => {
    for (const { address } of nodes) socket.send(bytes!, dhcpPort, address);
  };
  const again = setInterval(ask, 200);
  try {
    return await new Promise((resolve, reject) => {
      socket.once("message", (message, { address }) => {
        resolve({ offer: decodePacket(Uint8Array.from(message)), from: address });
      });
      setTimeout(() => reject(new Error("nobody serves")), waitMsMax).unref();
      ask();
    });
  } finally {
    clearInterval(again);
    socket.close();
  }
}

async function expectCrossed(side: Side, device: number): Promise<void> {
  const { offer, from } = await discover(device);
  expect(from).toBe(nodes[side].address);
  const { tftpServers } = bootParametersOf(offer);
  const [own, other] = [nodes[side].address, nodes[1 - side].address];
  expect(tftpServers.map(formatIpv4)).toEqual([other, own]);
}

describeUnless(libcMissingReason() ?? etcdMissingReason(), "TFTP of a pair", () => {
  beforeAll(async () => {
    cluster = await EtcdCluster.start();
    configure(0);
    configure(1);
  });
  afterAll(async () => {
    for (const node of running) node?.kill();
    await cluster?.stop();
    rmSync(folder, { recursive: true });
  });

  test("HA-4, TFTP-1, TFTP-2: the standby node has the active one's files, and is named first", async () => {
    put(0, "cm.cfg", "one");
    put(1, "stray.cfg", "nobody knows it");
    await start(0);
    await expectCrossed(0, 1);
    await start(1);
    await untilServed(1, "cm.cfg", "one");
    expect(await fetch(0, "cm.cfg")).toBe("one");
    await vi.waitFor(() => expect(existsSync(join(rootOf(1), "stray.cfg"))).toBe(false), waitMsMax);
    const kept = ".provlab-replaced/root/stray.cfg";
    expect(readFileSync(join(rootOf(1), kept), "utf8")).toBe("nobody knows it");
    expect(await fetchBlock(nodes[1].address, tftpPort, kept)).toMatchObject({ kind: "error" });
    put(0, "cm.cfg", "two");
    await untilServed(1, "cm.cfg", "two");
    await expectCrossed(0, 2);
  });

  test("after a fail-over the other one's files count, and it names the other one first", async () => {
    running[0]!.kill();
    await expectCrossed(1, 1);
    expect(await fetch(1, "cm.cfg")).toBe("two");
    put(1, "cm.cfg", "three");
    put(0, "cm.cfg", "written while it was down");
    await start(0);
    await untilServed(0, "cm.cfg", "three");
    await expectCrossed(1, 2);
    expect(readFileSync(join(rootOf(0), ".provlab-replaced/root/cm.cfg"), "utf8")).toMatch(
      /^written/,
    );
  });

  test("no fail-back to a node whose files are behind, for they would become the master's", async () => {
    symlinkSync("nowhere", join(rootOf(0), "models"));
    mkdirSync(join(rootOf(1), "models"));
    put(1, "models/a.cfg", "new");
    await vi.waitFor(
      () => expect(order(1, "status").stdout).toContain("prov01 has not all"),
      patience,
    );
    const refused = order(1, "failback");
    expect(refused.status).toBe(2);
    expect(refused.stdout + refused.stderr).toContain("prov01 has not all files of this node yet");
    unlinkSync(join(rootOf(0), "models"));
    await untilServed(0, "models/a.cfg", "new");
    await vi.waitFor(() => expect(order(1, "failback")).toMatchObject({ status: 0 }), patience);
    await expectCrossed(0, 3);
    expect(await fetch(0, "models/a.cfg")).toBe("new");
  });
});
