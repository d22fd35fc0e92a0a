import { execFileSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { enterNetworkNamespace } from "../../base/net/kernel/network-namespace.ts";
import { ControlClient } from "../../lab/control-client.ts";
import { Lab } from "../../lab/lab.ts";
import { labName } from "../../lab/machine/leftovers.ts";
import { namespaceBlock } from "../../lab/machine/namespaces.ts";
import type { Place } from "../../lab/pair-set-up.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { BootOperation, decodePacket, encodePacket } from "../../protocol/dhcp/packet.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import type { PairEvent } from "../../scenarios/language/pair-event.ts";
import { Population } from "../../scenarios/population/population.ts";
import { describeWithPeers } from "./namespaces.testing.ts";

// `prov serve` with `ha.floatingAddress`, on real interfaces: who has the address, and whom its neighbours know.

const nodes = ["node-a", "node-b"] as const;
const patient = { timeout: 90_000, interval: 50 };
const PAUSE_MS = 4000;

describeWithPeers("the floating address of a pair", ["etcd", "setpriv", "ip", "ping"], () => {
  let folder: string;
  let lab: Lab;
  let service: string;
  let startMs = 0;

  /** A device's own, in the namespace where its relay is, too. */
  const population = new Population({
    ...{ cableModems: 4, mtas: 0, cpes: 0, smartMeters: 0, cmtsCount: 1 },
    addressBlock: namespaceBlock,
  });
  const device = population.cmts(0).pools[0].low;
  let socket: Socket;
  let xid = 0;

  const events: readonly PairEvent[] = (
    [
      ["pause", { verb: "pause", node: "a" }, PAUSE_MS],
      ["kill", { verb: "kill", node: "b" }, undefined],
      ["start", { verb: "start", node: "b" }, undefined],
      ["stop", { verb: "stop", node: "a" }, undefined],
    ] as const
  ).map(([name, action, forMs]) => {
    return { name, action, forMs, moment: { kind: "phase", phase: name, afterMs: 0 } };
  });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "provlab-service-address-"));
    lab = await Lab.start({
      folder,
      pair: { kind: "provlab", profile: "fast", network: "namespaces" },
      events,
      population,
      server: { leaseSeconds: 600 },
    });
    service = formatIpv4(lab.setUp.sharedIdentifier!.identifier);
    socket = await socketOf(lab.network.plantNamespace!, formatIpv4(device));
  }, 120_000);
  afterAll(async () => {
    socket?.close();
    await lab?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const ip = (space: Place | "plant", ...args: readonly string[]): string =>
    execFileSync("ip", ["-n", labName(space), ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });

  /** Who has the address on. */
  function holders(): string[] {
    return nodes.filter((node) => ip(node, "-4", "address", "show").includes(` ${service}/24 `));
  }

  function macOf(node: Place): string {
    return /link\/ether (\S+)/.exec(ip(node, "link", "show", "dev", "access"))![1];
  }

  /** Who has it for the devices, who are its neighbours. */
  function known(): string | undefined {
    const mac = /lladdr (\S+)/.exec(ip("plant", "neigh", "show", service))?.[1];
    return nodes.find((node) => macOf(node) === mac);
  }

  /** The kernel of that node answers for the address. */
  function ping(): void {
    const command = [
      "netns",
      "exec",
      labName("plant"),
      "ping",
      "-n",
      "-c",
      "1",
      "-W",
      "5",
      service,
    ];
    execFileSync("ip", command, { stdio: "ignore" });
  }

  /** Who answers a device that asks the address by unicast, and from where: RFC 2131, section 4.3.5. */
  async function answered(): Promise<{ readonly from: string; readonly by: string }> {
    xid += 1;
    const bytes = new Uint8Array(600);
    const length = encodePacket(
      {
        ...{ op: BootOperation.request, htype: 1, hops: 0, xid, secs: 0, flags: 0 },
        ...{ ciaddr: device, yiaddr: 0, siaddr: 0, giaddr: 0 },
        ...{ sname: new Uint8Array(), file: new Uint8Array() },
        chaddr: Uint8Array.of(2, 0x10, 0, 0, 0, 0),
        options: [{ code: OptionCode.messageType, value: Uint8Array.of(MessageType.inform) }],
      },
      bytes,
      0,
    );
    socket.send(bytes.subarray(0, length), lab.network.port, service);
    const signal = AbortSignal.timeout(500);
    const [reply, { address }] = (await once(socket, "message", { signal })) as [
      Buffer,
      { readonly address: string },
    ];
    const packet = decodePacket(Uint8Array.from(reply));
    if (packet.xid !== xid) throw new Error("an answer to an earlier question");
    return { from: address, by: new TextDecoder().decode(packet.sname).replaceAll("\0", "") };
  }

  const answeredBy = (node: (typeof nodes)[number]): Promise<void> =>
    vi.waitFor(async () => expect(await answered()).toEqual({ from: service, by: node }), patient);

  function happens(name: string): void {
    const nowMs = performance.now();
    startMs ||= nowMs;
    lab.phaseStarts(name, nowMs, startMs);
  }

  test("HA-5: the node that serves has it, and nobody else", async () => {
    await expect.poll(holders, patient).toEqual(["node-a"]);
    ping();
    expect(known()).toBe("node-a");
    await answeredBy("node-a");
  });

  test("that node stands still: it keeps the address on, but its neighbours are told of the other one", async () => {
    happens("pause");
    await expect.poll(() => [holders(), known()], patient).toEqual([nodes, "node-b"]);
    ping();
    expect(known()).toBe("node-b");
    await answeredBy("node-b");
  });

  test("it goes on: it takes the address off before it says anything of it", async () => {
    const seen = new Set<string | undefined>();
    const look = (): string[] => {
      seen.add(known());
      return holders();
    };
    await expect.poll(look, patient).toEqual(["node-b"]);
    // Long enough for an announcement that a timer had ready when the node was stopped.
    const untilMs = performance.now() + 3000;
    while (performance.now() < untilMs) {
      expect(look()).toEqual(["node-b"]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect([...seen]).toEqual(["node-b"]);
    await answeredBy("node-b");
  });

  test("kill -9: the machine has it on and answers ARP, but its neighbours are told of the other one", async () => {
    happens("kill");
    await expect.poll(() => [holders(), known()], patient).toEqual([nodes, "node-a"]);
    ping();
    expect(known()).toBe("node-a");
    await answeredBy("node-a");
  });

  test("the killed one takes off what it finds when it starts again", async () => {
    happens("start");
    await expect.poll(holders, patient).toEqual(["node-a"]);
    expect(known()).toBe("node-a");
  });

  test("HA-7: a shutdown in good order leaves it to the other one alone", async () => {
    const control = new ControlClient(join(folder, "prov-b", lab.setUp.controlSocket!));
    onTestFinished(() => control.close());
    const isReady = { role: "standby", isInSync: true };
    await expect.poll(() => control.view(), patient).toMatchObject(isReady);
    happens("stop");
    await expect.poll(() => [holders(), known()], patient).toEqual([["node-b"], "node-b"]);
    await answeredBy("node-b");
    const { problems, deaths } = await lab.finish();
    expect([problems, deaths]).toEqual([[], []]);
  });
});

/** On the clients' port of one address, in another network namespace than everything else here. */
async function socketOf(namespace: string, address: string): Promise<Socket> {
  const home = openSync("/proc/thread-self/ns/net", "r");
  const socket = createSocket("udp4");
  enterNetworkNamespace(namespace);
  try {
    socket.bind(68, address);
    await once(socket, "listening");
  } finally {
    enterNetworkNamespace(`/proc/self/fd/${home}`);
    closeSync(home);
  }
  return socket;
}
