import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../base/net/kernel/libc.ts";
import { absurdOptions, rawRequest } from "../../bench/fuzz/tftp/corpus.ts";
import { makeTftpRoot } from "../../bench/fuzz/tftp/served-root.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { BootOperation, encodePacket } from "../../protocol/dhcp/packet.ts";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { TftpOpcode } from "../../protocol/tftp/packet.ts";
import { HostilePeers } from "../alone/tftp-hostile.testing.ts";
import { freePorts } from "../ports.testing.ts";
import { ServeLab } from "./serve-lab.testing.ts";
import { endOf } from "./server.testing.ts";

// One service of `prov serve` dies by itself: the others go on, and it is started again. The death is a real one, after
// which no code of the service runs any more. Each service has a heap of its own, and that of TFTP runs over: ten
// thousand transfers and as many requests that wait are more than the few MiB that this test allows it, though far less
// than it has by default.

const heapMiB = 16;
const requestsMax = 100_000;
const burst = 256;
const waitMsMax = 90_000;
const subnet = "subnet 127.64.0.0 netmask 255.255.255.0 { range 127.64.0.10 127.64.0.20; }";

/** Not among those that the system hands out, for the same ones must be had twice. */
const first = await freePorts();
const ports = {
  ...{ dhcp: first, tftp: first + 2, time: first + 3, ntp: first + 4, syslog: first + 5 },
};
const sections = {
  dhcp: { config: "dhcpd.conf", leases: "dhcpd.leases", port: ports.dhcp },
  tftp: { root: "root", port: ports.tftp },
  time: { port: ports.time },
  ntp: { port: ports.ntp },
  syslog: { directory: "log", port: ports.syslog },
};

const lab = new ServeLab("serve-death");
afterAll(() => lab.close());

/** Asks DHCP for an offer, as a relay; whether one came. */
async function isOffered(): Promise<boolean> {
  const relay = createSocket("udp4");
  relay.bind(ports.dhcp, "127.64.0.1");
  await once(relay, "listening");
  const bytes = new Uint8Array(600);
  const length = encodePacket(
    {
      ...{ op: BootOperation.request, htype: 1, hops: 1, xid: 1, secs: 0, flags: 0 },
      ...{ ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: parseIpv4("127.64.0.1")! },
      ...{ sname: new Uint8Array(), file: new Uint8Array() },
      chaddr: Uint8Array.of(2, 0, 0, 0, 0, 1),
      options: [{ code: OptionCode.messageType, value: Uint8Array.of(MessageType.discover) }],
    },
    bytes,
    0,
  );
  relay.send(bytes.subarray(0, length), ports.dhcp, "127.0.0.1");
  return isAnswered(relay);
}

/** Asks TFTP for a file; whether its first packet came. */
async function isServed(): Promise<boolean> {
  const client = createSocket("udp4");
  client.bind(0, "127.0.0.1");
  await once(client, "listening");
  const name = new TextEncoder().encode("block.cfg");
  client.send(rawRequest(TftpOpcode.readRequest, name, "octet", []), ports.tftp, "127.0.0.1");
  return isAnswered(client);
}

async function isAnswered(socket: Socket): Promise<boolean> {
  try {
    await once(socket, "message", { signal: AbortSignal.timeout(1000) });
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

describeUnless(libcMissingReason(), "a service that dies by itself", () => {
  test("is started again on its port while the others go on, and the log says so", async () => {
    const root = makeTftpRoot(lab.folder);
    writeFileSync(
      join(lab.folder, "dhcpd.conf"),
      `authoritative; ping-check false; local-address 127.0.0.1;\n${subnet}\n`,
    );
    writeFileSync(join(lab.folder, "dhcpd.leases"), "");
    const serving = await lab.start(sections, [`--max-old-space-size=${heapMiB}`]);
    expect(await isServed()).toBe(true);

    const request = rawRequest(
      TftpOpcode.readRequest,
      new TextEncoder().encode("meter.zip"),
      "octet",
      absurdOptions.find(({ length }) => length === 32)!,
    );
    const hasBroken = (): boolean => lab.log.includes("the service broke");
    const peers = await HostilePeers.open(ports.tftp, root);
    try {
      for (let sent = 0; sent < requestsMax && !hasBroken(); sent += 1) {
        peers.ask(request);
        if (sent % burst === burst - 1) await peers.send();
      }
    } finally {
      peers.close();
    }
    await vi.waitFor(() => expect(hasBroken(), lab.log).toBe(true), waitMsMax);
    expect(lab.log).toMatch(
      /"service":"tftp".*the service broke, and starts again in 1 s: .*ERR_WORKER_OUT_OF_MEMORY/,
    );
    await expect.poll(isOffered, { message: lab.log }).toBe(true);
    await expect.poll(isServed, { timeout: waitMsMax, message: lab.log }).toBe(true);
    await expect.poll(() => lab.log).toMatch(/serving again on port/);
    await expect.poll(isOffered, { message: lab.log }).toBe(true);
    expect(serving.process.exitCode).toBe(null);

    serving.process.kill("SIGTERM");
    expect(await endOf(serving.process), lab.log).toEqual({ status: 0, signal: null });
    // Every port is free again, and so is the lease file.
    const second = await lab.start(sections);
    expect(second.ports).toEqual(ports);
    second.process.kill("SIGTERM");
    expect(await endOf(second.process), lab.log).toEqual({ status: 0, signal: null });
  });
});
