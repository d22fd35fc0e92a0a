import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildUdpFrame } from "../../protocol/udp-frame.ts";
import { systemClock } from "../clock.ts";
import { describeUnless } from "./describe-unless.testing.ts";
import type { EchoReply, IcmpSocket } from "./icmp-socket.ts";
import { openIcmpSocket } from "./icmp-socket.ts";
import { enterNewNamespace, ipCommand, namespaceMissingReason } from "./namespace.testing.ts";
import { networkInterface } from "./network-interface.ts";
import { openPacketSocket } from "./packet-socket.ts";
import { collect, ip, sendText, wildcard } from "./udp-socket.testing.ts";
import { openUdpSocket } from "./udp-socket.ts";

describeUnless(
  namespaceMissingReason(),
  "packet and ICMP sockets in a network namespace with a veth pair",
  linkSocketTests,
);

// left (10.77.0.1) and right (10.78.0.1) are two ends of one cable, both in this namespace.
function linkSocketTests(): void {
  let leave: () => void = () => undefined;
  beforeAll(() => {
    leave = enterNewNamespace();
    ipCommand("link set lo up");
    ipCommand("link add left type veth peer name right");
    ipCommand("link set left address 02:00:00:00:00:0a");
    ipCommand("address add 10.77.0.1/24 dev left");
    ipCommand("address add 10.78.0.1/24 dev right");
    ipCommand("link add unplugged type veth peer name loose-end");
    // Both ends are ours, and a host distrusts what claims to come from itself.
    for (const [name, value] of [
      ["right/accept_local", "1"],
      ["right/rp_filter", "0"],
      ["all/rp_filter", "0"],
    ]) {
      writeFileSync(`/proc/sys/net/ipv4/conf/${name}`, value!);
    }
    ipCommand("link set left up");
    ipCommand("link set right up");
  });
  afterAll(() => leave());

  test("an interface is found by name, with or without being up", () => {
    const left = networkInterface("left");
    expect(left.hardwareAddress).toEqual(new Uint8Array([2, 0, 0, 0, 0, 10]));
    expect(left.hardwareType).toBe(1);
    expect(networkInterface("right").index).not.toBe(left.index);
    expect(networkInterface("lo")).toMatchObject({ index: 1, hardwareType: 772 });
    expect(networkInterface("unplugged").index).toBeGreaterThan(0);
  });

  test.each(["nosuch0", "", "a-name-that-is-too-long", "left/../lo"])(
    "no interface %j: says so",
    (name) => {
      const refusal = { name: "SocketError", code: "ENODEV" };
      expect(() => openPacketSocket(name)).toThrow(expect.objectContaining(refusal));
      expect(() => openPacketSocket(name)).toThrow("no such interface");
    },
  );

  test("a packet socket reaches a client that has no address yet (RFC 2131 4.1)", async () => {
    const client = await openUdpSocket({ address: wildcard, port: 68, device: "right" });
    const packets = openPacketSocket("left");
    expect(packets.interfaceIndex).toBe(networkInterface("left").index);
    const frame = buildUdpFrame({
      sourceMac: packets.hardwareAddress,
      destinationMac: networkInterface("right").hardwareAddress,
      source: ip("10.78.0.2"),
      destination: ip("10.78.0.1"),
      sourcePort: 67,
      destinationPort: 68,
      payload: new TextEncoder().encode("offer"),
    });
    // A frame of a whole MTU is sent, one that is longer is refused by the kernel.
    expect(packets.send(frame)).toBe(true);
    expect(packets.send(new Uint8Array(1514))).toBe(true);
    expect(packets.send(new Uint8Array(1600))).toBe(false);
    expect(() => packets.send(new Uint8Array(13))).toThrow(RangeError);
    expect(() => packets.send(new Uint8Array(9019))).toThrow(RangeError);
    const interfaceIndex = networkInterface("right").index;
    expect(await collect(client, 1)).toEqual([
      {
        text: "offer",
        source: ip("10.78.0.2"),
        sourcePort: 67,
        destination: ip("10.78.0.1"),
        interfaceIndex,
      },
    ]);
    packets.close();
    packets.close();
    expect(() => packets.send(frame)).toThrow("closed");
    client.close();
  });

  test("a packet socket tells that its interface is down", () => {
    const packets = openPacketSocket("unplugged");
    expect(packets.send(new Uint8Array(100))).toBe(false);
    packets.close();
  });

  test("a UDP socket broadcasts out of the interface that it is told, when allowed", async () => {
    const clients = await openUdpSocket({ address: wildcard, port: 68, device: "right" });
    const route = { to: ip("255.255.255.255"), port: 68 };
    const interfaceIndex = networkInterface("left").index;
    const source = ip("10.77.0.1");
    const server = await openUdpSocket({ address: wildcard, port: 67, broadcast: true });
    const silent = await openUdpSocket({ address: wildcard, port: 67 });
    sendText(silent, "not allowed", { ...route, interfaceIndex });
    expect(silent.counters.sendErrors).toBe(1);
    expect(silent.lastSendError).toBe("EACCES");
    sendText(server, "allowed", { ...route, interfaceIndex, source });
    expect(await collect(clients, 1)).toMatchObject([
      { text: "allowed", source, destination: route.to },
    ]);
    expect(server.counters).toMatchObject({ sent: 1, sendErrors: 0 });
    for (const socket of [clients, server, silent]) socket.close();
  });

  test("without root, packet and ICMP sockets say what they need", () => {
    process.seteuid!(65_534);
    try {
      const refusal = { name: "SocketError", code: "EPERM" };
      expect(() => openPacketSocket("left")).toThrow(expect.objectContaining(refusal));
      expect(() => openIcmpSocket()).toThrow(expect.objectContaining(refusal));
      expect(() => openIcmpSocket()).toThrow("needs root or the capability CAP_NET_RAW");
    } finally {
      process.seteuid!(0);
    }
  });

  test("without root, a UDP socket takes the buffer that it gets", async () => {
    process.seteuid!(65_534);
    try {
      const socket = await openUdpSocket({ address: wildcard, port: 0, backend: "batch" });
      expect(socket.localPort).toBeGreaterThan(0);
      socket.close();
      const refusal = openUdpSocket({ address: wildcard, port: 67, backend: "batch" });
      await expect(refusal).rejects.toThrow("EACCES (permission denied: ports below 1024");
    } finally {
      process.seteuid!(0);
    }
  });

  describe("an ICMP socket", () => {
    async function repliesWithin(socket: IcmpSocket, wanted: number): Promise<EchoReply[]> {
      const replies: EchoReply[] = [];
      const deadlineMs = systemClock.monotonicMs() + 2000;
      while (replies.length < wanted && systemClock.monotonicMs() < deadlineMs) {
        replies.push(...socket.receive());
        await new Promise((resolve) => setImmediate(resolve));
      }
      return replies;
    }

    test("hears the echo of an address that is in use, and nothing else", async () => {
      const socket = openIcmpSocket();
      expect(socket.receive()).toEqual([]);
      expect(socket.sendEcho(ip("127.0.0.1"), 0xabcd, 1)).toBe(true);
      expect(socket.sendEcho(ip("10.77.0.1"), 0xabcd, 0xffff)).toBe(true);
      // Nobody has this one.
      expect(socket.sendEcho(ip("10.77.0.99"), 0xabcd, 3)).toBe(true);
      expect(await repliesWithin(socket, 2)).toEqual([
        { source: ip("127.0.0.1"), id: 0xabcd, sequence: 1 },
        { source: ip("10.77.0.1"), id: 0xabcd, sequence: 0xffff },
      ]);
      expect(socket.receive()).toEqual([]);
      socket.close();
    });

    test("hands over 64 replies a call", async () => {
      const socket = openIcmpSocket();
      for (let sequence = 0; sequence < 100; sequence += 1) {
        expect(socket.sendEcho(ip("127.0.0.1"), 7, sequence)).toBe(true);
      }
      expect(socket.receive()).toHaveLength(64);
      expect(await repliesWithin(socket, 36)).toHaveLength(36);
      socket.close();
    });

    test("says so when there is no way to an address, and after it is closed", () => {
      const socket = openIcmpSocket();
      expect(socket.sendEcho(ip("192.0.2.1"), 1, 1)).toBe(false);
      expect(socket.sendEcho(ip("255.255.255.255"), 1, 1)).toBe(false);
      socket.close();
      socket.close();
      expect(socket.sendEcho(ip("127.0.0.1"), 1, 1)).toBe(false);
      expect(socket.receive()).toEqual([]);
    });
  });
}
