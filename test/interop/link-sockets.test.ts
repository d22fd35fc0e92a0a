import { readdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../base/clock.ts";
import type { EchoReply, IcmpSocket } from "../../base/net/icmp-socket.ts";
import { openIcmpSocket } from "../../base/net/icmp-socket.ts";
import { InterfaceNews } from "../../base/net/interface-news.ts";
import { networkInterface } from "../../base/net/network-interface.ts";
import { openPacketSocket } from "../../base/net/packet-socket.ts";
import { collect, ip, sendText, wildcard } from "../../base/net/udp-socket.testing.ts";
import { openUdpSocket, type UdpSocket, waitReadable } from "../../base/net/udp-socket.ts";
import { buildUdpFrame } from "../../protocol/udp-frame.ts";
import { describeWithPeers } from "./namespaces.testing.ts";
import { enterNewNamespace, ipCommand } from "./own-namespace.testing.ts";

describeWithPeers(
  "packet and ICMP sockets in a network namespace with a veth pair",
  [],
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

  /** A datagram from a stranger that leaves by this end of the cable, and so comes in by the other. */
  function cross(
    name: "left" | "right" | "other",
    destination: string,
    text: string,
    opposite = name === "left" ? "right" : "left",
  ): void {
    const frames = openPacketSocket(name);
    const frame = buildUdpFrame({
      sourceMac: frames.hardwareAddress,
      destinationMac: networkInterface(opposite).hardwareAddress,
      source: ip("10.99.0.9"),
      destination: ip(destination),
      sourcePort: 68,
      destinationPort: 67,
      payload: new TextEncoder().encode(text),
    });
    expect(frames.send(frame)).toBe(true);
    frames.close();
  }

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
    const there = { address: wildcard, port: 67, sharesPort: true };
    const server = await openUdpSocket({ ...there, broadcast: true });
    const silent = await openUdpSocket(there);
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

  test("a port on one interface hears that one, beside another program on the other", async () => {
    const open = (devices: readonly string[]) =>
      openUdpSocket({ address: wildcard, port: 67, broadcast: true, devices });
    const [left, right] = [await open(["left"]), await open(["right"])];
    cross("left", "255.255.255.255", "to all on the right");
    cross("right", "255.255.255.255", "to all on the left");
    cross("left", "10.78.0.1", "to the right");
    cross("right", "10.77.0.1", "to the left");
    const heardBy = async (socket: UdpSocket, name: string) =>
      (await collect(socket, 2)).map(({ text, interfaceIndex }) => {
        expect(interfaceIndex).toBe(networkInterface(name).index);
        return text;
      });
    expect(await heardBy(left, "left")).toEqual(["to all on the left", "to the left"]);
    expect(await heardBy(right, "right")).toEqual(["to all on the right", "to the right"]);
    expect([left.receive(), right.receive()]).toEqual([0, 0]);
    for (const socket of [left, right]) socket.close();
  });

  test("a port on two interfaces tells them apart, and sends to a third", async () => {
    const both = await openUdpSocket({ address: wildcard, port: 67, devices: ["left", "right"] });
    cross("left", "10.78.0.1", "one");
    cross("right", "10.77.0.1", "two");
    cross("right", "10.77.0.1", "three");
    await waitReadable([both], 1000);
    expect(both.receive()).toBe(3);
    const seen = [0, 1, 2].map((i) => [
      new TextDecoder().decode(both.bytes(i)),
      both.sourceAddress(i),
      both.destinationAddress(i),
      both.sourcePort(i),
      both.interfaceIndex(i),
      both.receivedAtMs(i) <= systemClock.monotonicMs(),
    ]);
    const [onLeft, onRight] = ["left", "right"].map((name) => networkInterface(name).index);
    expect(seen).toEqual([
      ["two", ip("10.99.0.9"), ip("10.77.0.1"), 68, onLeft, true],
      ["three", ip("10.99.0.9"), ip("10.77.0.1"), 68, onLeft, true],
      ["one", ip("10.99.0.9"), ip("10.78.0.1"), 68, onRight, true],
    ]);
    for (const i of [-1, 3]) expect(() => both.bytes(i)).toThrow("no datagram");
    const relay = await openUdpSocket({ address: ip("127.0.0.1"), port: 67, sharesPort: true });
    sendText(both, "by the loopback", { to: ip("127.0.0.1"), port: 67 });
    sendText(relay, "not for it", { to: ip("127.0.0.2"), port: 67 });
    expect(await collect(relay, 1)).toMatchObject([{ text: "by the loopback", sourcePort: 67 }]);
    expect(both.receive()).toBe(0);
    expect(both.counters).toMatchObject({ received: 3, sent: 1, kernelDrops: 0, sendErrors: 0 });
    for (const socket of [both, relay]) socket.close();
    expect(both.receive()).toBe(0);
  });

  test("a port on an interface that is not there leaves nothing open", async () => {
    const devices = ["left", "nosuch0"];
    const before = readdirSync("/proc/self/fd").length;
    await expect(openUdpSocket({ address: wildcard, port: 67, devices })).rejects.toMatchObject({
      code: "ENODEV",
    });
    expect(readdirSync("/proc/self/fd")).toHaveLength(before);
  });

  test("an interface that is deleted and made anew is heard again, and the kernel tells of both", async () => {
    const plug = (): void => {
      ipCommand("link add again type veth peer name other");
      ipCommand("address add 10.80.0.1/24 dev again");
      for (const name of ["again", "other"]) ipCommand(`link set ${name} up`);
    };
    const news = new InterfaceNews();
    expect(news.take()).toBe(false);
    plug();
    expect([news.take(), news.take()]).toEqual([true, false]);
    const socket = await openUdpSocket({ address: wildcard, port: 67, devices: ["again"] });
    const hears = async (text: string): Promise<boolean> => {
      cross("other", "10.80.0.1", text, "again");
      await waitReadable([socket], 1000);
      return socket.receive() === 1;
    };
    expect(await hears("before")).toBe(true);
    ipCommand("link delete again");
    expect(news.take()).toBe(true);
    plug();
    expect(await hears("not yet")).toBe(false);
    socket.openDevice!("again");
    expect(await hears("after")).toBe(true);
    expect(socket.counters.received).toBe(2);
    expect(() => socket.openDevice!("nosuch0")).toThrow(/nosuch0/);
    news.close();
    expect(news.take()).toBe(false);
    socket.close();
    ipCommand("link delete again");
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
