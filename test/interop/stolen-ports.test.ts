import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { collect, ip, loopback, wildcard } from "../../base/net/udp-socket.testing.ts";
import { openUdpSocket, type UdpSocket, waitReadable } from "../../base/net/udp-socket.ts";
import { decodeTftp, encodeAck, encodeReadRequest } from "../../protocol/tftp/packet.ts";
import { type RunningTftpServer, startTftpServer } from "../../server/tftp/edge/tftp-server.ts";
import { describeWithPeers } from "./namespaces.testing.ts";

const NOBODY = 65_534;
const otherAddress = ip("127.9.9.9");

/** Every way of SO_REUSEADDR and SO_REUSEPORT. */
const ways = [
  {},
  { sharesPort: true },
  { group: { index: 1, count: 2 } },
  { sharesPort: true, group: { index: 1, count: 2 } },
];

describeWithPeers("a local user who wants the ports of TFTP", [], () => {
  let root: string;
  let server: RunningTftpServer;
  const opened: UdpSocket[] = [];

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "provlab-stolen-ports-"));
    writeFileSync(join(root, "file"), "x".repeat(1200));
  });
  afterAll(() => rmSync(root, { recursive: true }));
  afterEach(async () => {
    for (const socket of opened.splice(0)) socket.close();
    await server.stop();
  });

  /** Binds the addresses one after another, as nobody, and returns those that it got. */
  async function steal(
    port: number,
    addresses: readonly number[],
    way: (typeof ways)[number],
  ): Promise<number[]> {
    const got: number[] = [];
    process.seteuid!(NOBODY);
    try {
      for (const address of addresses) {
        const socket = await openUdpSocket({ address, port, ...way }).catch(() => undefined);
        if (socket === undefined) continue;
        opened.push(socket);
        got.push(address);
      }
    } finally {
      process.seteuid!(0);
    }
    return got;
  }

  /** A device that has its first block; returns the port of its transfer. */
  async function beginTransfer(): Promise<{ device: UdpSocket; transferPort: number }> {
    const device = await openUdpSocket({ address: loopback, port: 0 });
    opened.push(device);
    const request = { filename: "file", mode: "octet" } as const;
    const length = encodeReadRequest(device.slot(), 0, request);
    device.push(length, loopback, server.port);
    device.flush();
    const [{ sourcePort: transferPort }] = await collect(device, 1);
    return { device, transferPort };
  }

  test.each([loopback, wildcard])("gets no port of a transfer, server on %d", async (address) => {
    server = await startTftpServer({ root, address, port: 0 });
    const { device, transferPort } = await beginTransfer();
    for (const way of ways) {
      // The last of each list is reached by way of the others: Linux looks no further than the first
      // socket of the same user.
      for (const list of [
        [loopback],
        [wildcard],
        [otherAddress, loopback],
        [otherAddress, wildcard, loopback],
      ]) {
        expect(await steal(transferPort, list, way), JSON.stringify({ way, list })).toEqual([]);
      }
    }
    // The ACK goes to the server alone, which sends the next block.
    encodeAck(device.slot(), 0, 1);
    device.push(4, loopback, transferPort);
    device.flush();
    await waitReadable([device], 20_000);
    expect(device.receive()).toBe(1);
    expect(decodeTftp(device.bytes(0))).toMatchObject({ kind: "data", block: 2 });
  });

  test.each([loopback, wildcard])("gets no request port, server on %d", async (address) => {
    server = await startTftpServer({ root, address, port: 0 });
    for (const way of ways) {
      expect(await steal(server.port, [loopback, wildcard], way)).toEqual([]);
    }
  });
});
