import { createSocket } from "node:dgram";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../base/net/libc.ts";
import { absurdOptions, rawRequest } from "../../bench/fuzz/tftp/corpus.ts";
import { makeTftpRoot } from "../../bench/fuzz/tftp/served-root.ts";
import { TftpOpcode } from "../../protocol/tftp/packet.ts";
import { HostilePeers } from "../alone/tftp-hostile.testing.ts";
import { freePorts } from "../ports.testing.ts";
import { ServeLab } from "./serve-lab.testing.ts";
import { endOf } from "./server.testing.ts";

// One service of `prov serve` dies by itself: the others end in good order, and the status and the
// message tell whoever restarts it. The death is a real one. Each service has a heap of its own, and
// that of TFTP runs over: ten thousand transfers and as many requests that wait are more than the
// few MiB that this test allows it, though far less than it has by default.

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

describeUnless(libcMissingReason(), "a service that dies by itself", () => {
  test("ends the process with status 1, and the message names it", async () => {
    const root = makeTftpRoot(lab.folder);
    writeFileSync(
      join(lab.folder, "dhcpd.conf"),
      `authoritative; ping-check false; local-address 127.0.0.1;\n${subnet}\n`,
    );
    writeFileSync(join(lab.folder, "dhcpd.leases"), "");
    const first = await lab.start(sections, [`--max-old-space-size=${heapMiB}`]);
    const messages = join(lab.folder, "log", "messages");
    const sender = createSocket("udp4");
    sender.send("<13>before the end", ports.syslog, "127.0.0.1", () => sender.close());
    await vi.waitFor(() => expect(readFileSync(messages, "utf8")).toContain("before"), waitMsMax);

    const request = rawRequest(
      TftpOpcode.readRequest,
      new TextEncoder().encode("meter.zip"),
      "octet",
      absurdOptions.find(({ length }) => length === 32)!,
    );
    const peers = await HostilePeers.open(ports.tftp, root);
    try {
      for (let sent = 0; sent < requestsMax && first.process.exitCode === null; sent += 1) {
        peers.ask(request);
        if (sent % burst === burst - 1) await peers.send();
      }
    } finally {
      peers.close();
    }
    await vi.waitFor(() => expect(first.process.exitCode, lab.log).not.toBeNull(), waitMsMax);
    expect(await endOf(first.process), lab.log).toEqual({ status: 1, signal: null });
    expect(lab.log).toMatch(/^prov: internal error: Error: tftp: the service broke: /m);
    expect(lab.log).toContain("ERR_WORKER_OUT_OF_MEMORY");
    // No other service is said to have broken, and what they were given is kept.
    expect(lab.log.match(/the service (broke|ended by itself)/g)).toHaveLength(1);
    expect(readFileSync(messages, "utf8")).toContain("before the end");

    // Every port is free again, and so is the lease file.
    const second = await lab.start(sections);
    expect(second.ports).toEqual(ports);
    second.process.kill("SIGTERM");
    expect(await endOf(second.process), lab.log).toEqual({ status: 0, signal: null });
  });
});
