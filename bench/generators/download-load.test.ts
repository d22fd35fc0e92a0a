import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../base/clock.ts";
import { openUdpSocket } from "../../base/net/udp-socket.ts";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { type RunningTftpServer, startTftpServer } from "../../server/tftp/edge/tftp-server.ts";
import { expectationOf } from "../../simulator/boot/file-hash.ts";
import { type LoadPlan, type LoadResult, runLoad } from "./download-load.ts";

const loopback = parseIpv4("127.0.0.1")!;
const folder = mkdtempSync(join(tmpdir(), "provlab-load-"));
const content = Uint8Array.from({ length: 2000 }, (_, i) => i * 7);
let server: RunningTftpServer;

beforeAll(async () => {
  for (const name of ["a", "b"]) writeFileSync(join(folder, name), content);
  server = await startTftpServer({ root: folder, address: loopback, port: 0 });
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

async function load(changes: Partial<LoadPlan>): Promise<LoadResult> {
  const socket = await openUdpSocket({ address: 0, port: 0 });
  try {
    return await runLoad(socket, systemClock, {
      server: { address: loopback, port: server.port },
      firstAddress: parseIpv4("127.64.0.0")!,
      files: ["a", "b"].map((name) => ({ name, expected: expectationOf(content) })),
      atOnce: 8,
      blockBytes: 512,
      seed: 1,
      times: { warmUpMs: 20, measureMs: 60, partMsMax: 5000, drainMsMax: 5000 },
      ...changes,
    });
  } finally {
    socket.close();
  }
}

describe("a load on a TFTP server", () => {
  test.each([512, 1428])("counts files in blocks of %d, all of them right", async (blockBytes) => {
    const result = await load({ blockBytes });
    expect(result.failures).toEqual({});
    expect(result.verified).toBe(result.started);
    expect(result.measuredFiles).toBeGreaterThanOrEqual(8);
    expect(result.measuredFiles % 8).toBe(0);
    expect(result.measuredMs).toBeGreaterThanOrEqual(60);
    expect(result.filesPerSecond).toBeCloseTo((1000 * result.measuredFiles) / result.measuredMs);
    expect(result.latencyMs.p50).toBeLessThanOrEqual(result.latencyMs.max);
    expect(result.generatorQueueShare).toBeLessThanOrEqual(1);
  });

  test("a file that is not the right one is lost", async () => {
    const expected = { ...expectationOf(content), hashLow: 1 };
    const times = { warmUpMs: 5, measureMs: 5, partMsMax: 50, drainMsMax: 5000 };
    const result = await load({ files: [{ name: "a", expected }], times });
    expect(result.verified).toBe(0);
    expect(result.failures).toEqual({ "wrong-hash": result.started });
    expect(result.filesPerSecond).toBe(0);
  });

  test("a server that does not answer costs no more than its time", async () => {
    const silent = await openUdpSocket({ address: loopback, port: 0 });
    try {
      const times = { warmUpMs: 5, measureMs: 5, partMsMax: 50, drainMsMax: 50 };
      const result = await load({
        server: { address: loopback, port: silent.localPort },
        times,
      });
      expect(result).toMatchObject({ started: 8, verified: 0, failures: { unfinished: 8 } });
      expect(result.measuredMs).toBeLessThan(20_000);
    } finally {
      silent.close();
    }
  });
});
