import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../base/clock.ts";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { openUdpSocket, type UdpSocket, waitReadable } from "../../base/net/udp-socket.ts";
import { Prng } from "../../base/prng.ts";
import { type TftpContender, tftpContenders } from "../../bench/contenders/tftp-contenders.ts";
import { DownloadDriver } from "../../bench/generators/download-driver.ts";
import type { LabProcess } from "../../lab/machine/lab-process.ts";
import { startServerProcess } from "../../lab/machine/server-process.ts";
import { formatIpv4, parseIpv4 } from "../../protocol/ipv4.ts";
import {
  listTransferOptions,
  parseTransferOptions,
  type TransferOptions,
} from "../../protocol/tftp/options.ts";
import {
  decodeTftp,
  encodeError,
  encodeReadRequest,
  TFTP_PORT,
} from "../../protocol/tftp/packet.ts";
import {
  type DownloadPolicy,
  type DownloadRequest,
  type DownloadResult,
  docsisDownload,
} from "../../simulator/boot/download.ts";
import { expectationOf } from "../../simulator/boot/file-hash.ts";
import { missingPeers } from "./namespaces.testing.ts";
import { enterNewNamespace, ipCommand } from "./own-namespace.testing.ts";

// Our devices against real servers, in a network namespace that this process enters: each server
// has an address of 192.0.2.0/24, each device one of 127.64.0.0/10. Every file is checked by its hash.
const firstDevice = parseIpv4("127.64.0.0")!;
const firstServer = parseIpv4("192.0.2.1")!;
const seed = 20_261_124;

/** One byte more than 65,535 blocks: the last block is the first whose number does not fit 16 bits. */
const wrapBytes = 65_535 * 512 + 1;
const manyBytes = 4096;
const many = 200;

interface Subject {
  readonly id: string;
  /** The options that this server takes, and answers. */
  readonly options: readonly (keyof TransferOptions)[];
  readonly blockAfterLast: 0 | 1;
}

const subjects: readonly Subject[] = [
  { id: "dnsmasq", options: ["blksize", "tsize"], blockAfterLast: 0 },
  { id: "tftpd-hpa", options: ["blksize", "tsize", "timeout"], blockAfterLast: 0 },
  { id: "atftpd", options: ["blksize", "tsize", "timeout", "windowsize"], blockAfterLast: 0 },
];

const optionSets: readonly TransferOptions[] = [
  {},
  { blksize: 8 },
  { blksize: 1428, tsize: 0 },
  { tsize: 0, timeout: 2 },
  { windowsize: 4 },
  { blksize: 1024, tsize: 0, timeout: 1, windowsize: 16 },
];

const folder = mkdtempSync(join(tmpdir(), "provlab-tftp-devices-"));
const root = join(folder, "root");
const contenders = new Map(tftpContenders.map((contender) => [contender.id, contender]));
const servers: LabProcess[] = [];
let leaveNamespace: (() => void) | undefined;
let socket: UdpSocket;

afterAll(() => rmSync(folder, { recursive: true }));

function missing(): string | undefined {
  const reason = missingPeers([]);
  if (reason !== undefined) return reason;
  const absent = subjects.filter(({ id }) => !isInstalled(contenders.get(id)!));
  return absent.length === 0
    ? undefined
    : `not installed: ${absent.map(({ id }) => id).join(", ")}`;
}

function isInstalled(contender: TftpContender): boolean {
  try {
    contender.version();
    return true;
  } catch {
    return false;
  }
}

/** The bytes of the file `file-LENGTH`, which every server has. */
function contentOf(length: number): Uint8Array {
  const random = new Prng(seed, length);
  return Uint8Array.from({ length }, () => random.nextUInt32());
}

/** A file of some length, as a device is told of it by `server`. */
function requestFor(server: number, content: Uint8Array): DownloadRequest {
  return {
    filename: `file-${content.length}`,
    servers: [{ address: server, port: TFTP_PORT }],
    expected: expectationOf(content),
  };
}

/** One device for each request, all at once, with one attempt. Results are in the order of the requests. */
async function download(
  requests: readonly DownloadRequest[],
  policy: Partial<DownloadPolicy>,
  msMax: number,
): Promise<readonly (DownloadResult | undefined)[]> {
  const results = new Array<DownloadResult | undefined>(requests.length).fill(undefined);
  let ended = 0;
  const driver = new DownloadDriver({
    ...{ socket, clock: systemClock, firstAddress: firstDevice, devices: requests.length, seed },
    policy: { ...docsisDownload, ...policy, roundsMax: 1 },
    onDownloaded: (result) => {
      results[result.local] = result;
      ended += 1;
    },
  });
  for (const [local, request] of requests.entries()) driver.start(local, request);
  await driver.run(() => ended === requests.length, driver.nowMs + msMax);
  return results;
}

/** The options that a server answers; the transfer is ended there. */
async function answeredOptions(server: number, asked: TransferOptions): Promise<TransferOptions> {
  const [filename, options] = [`file-${manyBytes}`, listTransferOptions(asked)];
  const one = await openUdpSocket({ address: firstDevice + 1, port: 0 });
  try {
    const request = { filename, mode: "octet", options } as const;
    one.push(encodeReadRequest(one.slot(), 0, request), server, TFTP_PORT);
    one.flush();
    await waitReadable([one], 5000);
    expect(one.receive(), `answers of ${formatIpv4(server)}`).toBe(1);
    const packet = decodeTftp(one.bytes(0));
    if (packet.kind !== "option-ack") throw new Error(`answered by ${packet.kind}`);
    const parsed = parseTransferOptions(packet.options);
    if (parsed.kind === "refused") throw new Error(`${parsed.option.name}: ${parsed.reason}`);
    one.push(encodeError(one.slot(), 0, 0, "enough"), server, one.sourcePort(0));
    one.flush();
    return parsed.options;
  } finally {
    one.close();
  }
}

describeUnless(missing(), "TFTP-1: devices fetch from real servers", () => {
  beforeAll(async () => {
    mkdirSync(root);
    for (const length of [0, 1, 511, 512, 513, manyBytes, wrapBytes]) {
      writeFileSync(join(root, `file-${length}`), contentOf(length));
    }
    leaveNamespace = enterNewNamespace();
    ipCommand("link set lo up");
    for (const [index, { id }] of subjects.entries()) {
      const address = formatIpv4(firstServer + index);
      ipCommand(`address add ${address}/24 dev lo`);
      const own = join(folder, id);
      mkdirSync(own);
      const setting = { folder: own, root, address, port: TFTP_PORT };
      const { command, environment } = contenders.get(id)!.prepare(setting);
      const start = { title: id, command, environment, folder: own, port: TFTP_PORT };
      const { signal } = new AbortController();
      servers.push(await startServerProcess({ ...start, entersNamespace: false }, signal));
    }
    socket = await openUdpSocket({ address: 0, port: 0, datagramBytesMax: 9000 });
    // tftpd-hpa 5.3 never answers the first request after its start (it opens the transfer's socket
    // for an address family that it has not set yet), so every server gets one that does not count.
    const content = contentOf(manyBytes);
    await download(
      subjects.map((_, index) => requestFor(firstServer + index, content)),
      {},
      5000,
    );
  });

  afterAll(async () => {
    socket?.close();
    await Promise.all(servers.map((server) => server.stop()));
    leaveNamespace?.();
  });

  for (const [index, { id, options: taken, blockAfterLast }] of subjects.entries()) {
    const server = firstServer + index;

    describe(id, () => {
      test("answers the options that it is tried with", async () => {
        const asked = { blksize: 1024, tsize: 0, timeout: 3, windowsize: 4 };
        const answered = await answeredOptions(server, asked);
        expect(Object.keys(answered)).toEqual(expect.arrayContaining([...taken]));
      });

      for (const options of optionSets) {
        const names = Object.keys(options) as (keyof TransferOptions)[];
        if (!names.every((name) => taken.includes(name))) continue;
        test(`0 to 513 bytes, ${JSON.stringify(options)}`, async () => {
          const contents = [0, 1, 511, 512, 513].map(contentOf);
          const requests = contents.map((content) => requestFor(server, content));
          const results = await download(requests, { options }, 10_000);
          for (const [local, content] of contents.entries()) {
            expect(results[local], `${content.length} bytes`).toMatchObject({
              lengthBytes: content.length,
            });
            expect(results[local]?.problem).toBeUndefined();
          }
        });
      }

      test(`${many} devices at once, ${manyBytes} bytes each`, async () => {
        const content = contentOf(manyBytes);
        const requests = Array.from({ length: many }, () => requestFor(server, content));
        for (const options of [{}, { blksize: 1428, tsize: 0 }]) {
          const results = await download(requests, { options }, 15_000);
          const right = results.filter((result) => result?.problem === undefined);
          expect(right.map((result) => result?.lengthBytes)).toEqual(
            new Array(many).fill(manyBytes),
          );
        }
      });

      test(`block 65,535 is followed by ${blockAfterLast}`, async () => {
        const content = contentOf(wrapBytes);
        const policy = { options: {}, blockAfterLast };
        const [result] = await download([requestFor(server, content)], policy, 30_000);
        expect(result).toMatchObject({ lengthBytes: wrapBytes });
        expect(result?.problem).toBeUndefined();
      });
    });
  }
});
